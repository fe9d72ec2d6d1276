import type { X509Certificate } from 'node:crypto';
import type { Server, TLSSocket } from 'node:tls';

/**
 * Remembers the certificate of each peer with the chain that it sent, from before Node looks at it: as of 24.21 and 26.8
 * Node asks for the certificate itself before `secureConnection`, and the first question takes the chain with it
 * (nodejs/node#65579). The only event that names the socket in time is `keylog`; the secrets in it are not looked at.
 *
 * @returns the certificate that a socket showed, if any; to be asked once, in `secureConnection`
 */
export function rememberShown(server: Server): (socket: TLSSocket) => X509Certificate | undefined {
  const seen = new WeakSet<TLSSocket>();
  const shown = new WeakMap<TLSSocket, X509Certificate | undefined>();
  server.on('keylog', (_secrets, socket) => {
    if (seen.has(socket)) return;
    seen.add(socket);
    socket.prependOnceListener('secure', () => shown.set(socket, socket.getPeerX509Certificate()));
  });
  // Without the chain, peers below an intermediate are refused: never the other way round.
  return (socket) => shown.get(socket) ?? socket.getPeerX509Certificate();
}
