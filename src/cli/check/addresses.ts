import { networkInterfaces } from 'node:os';

/** The addresses of this machine at which others can connect; a link-local one with the interface it belongs to. */
export function outsideAddresses(): readonly string[] {
  return Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
    addresses
      .filter(({ internal }) => !internal)
      .map(({ address }) => (/^fe80:/i.test(address) ? `${address}%${name}` : address)),
  );
}
