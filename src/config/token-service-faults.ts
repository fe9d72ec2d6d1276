import type { PeerEntry } from '../call/index.ts';
import type { SourceFault } from '../lib/index.ts';
import type { Config } from './shape.ts';

/** Peers of the policy that take a token, where the configuration does not say from whom. */
export function tokenServiceFaults(
  peers: ReadonlyMap<string, PeerEntry>,
  { outbound, tokenService }: Partial<Pick<Config, 'outbound' | 'tokenService'>>,
): readonly SourceFault[] {
  if (outbound === undefined || tokenService !== undefined) return [];
  return [...peers.values()]
    .filter(({ authority }) => authority !== 'none')
    .map(({ name, authority, at }) => ({
      at,
      message: `the peer ${name} takes 'authority: ${authority}', and sidegate.yaml names no 'tokenService'`,
      remedy: "Add 'tokenService: { url: …, id: … }' to sidegate.yaml; or 'authority: none' here.",
    }));
}
