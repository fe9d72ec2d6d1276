import type { Socket } from 'node:net';

/** The other end, as `192.0.2.1:443` or `[2001:db8::1]:443`; `unknown` once the socket is gone. */
export function addressOf(socket: Socket): string {
  const { remoteAddress, remotePort } = socket;
  if (remoteAddress === undefined) return 'unknown';
  // A dual-stack socket writes IPv4 in the IPv6 way.
  const host = remoteAddress.replace(/^::ffff:(?=\d+\.)/, '');
  return host.includes(':') ? `[${host}]:${remotePort ?? 0}` : `${host}:${remotePort ?? 0}`;
}
