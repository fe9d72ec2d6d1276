import { X509Certificate } from 'node:crypto';
import type { DetailedPeerCertificate, Server, TLSSocket } from 'node:tls';

/** What a peer showed of itself. */
export interface Shown {
  readonly leaf: X509Certificate;
  /** DER of the CAs behind it: those that were sent, and the root if it is known. */
  readonly issuers: readonly Buffer[];
}

const MAX_ISSUERS = 8;

/**
 * What the other end showed, once Node has said whether OpenSSL vouches for it; undefined if it showed nothing. It is asked
 * for in the old way: `getPeerX509Certificate` never gives back the memory of the CAs that were sent, and takes them away
 * from whoever asks next (nodejs/node#65579).
 */
export function shownBy(socket: TLSSocket): Shown | undefined {
  return inFull(socket, readOld(socket));
}

/**
 * Remembers what each peer showed, from before Node looks at it: as of 24.21 and 26.8 Node itself asks before
 * `secureConnection`, and in the new way. The only event that names the socket in time is `keylog`; the secrets in it are not
 * looked at.
 *
 * @returns what a socket showed; to be asked once, in `secureConnection`
 */
export function rememberShown(server: Server): (socket: TLSSocket) => Shown | undefined {
  const seen = new WeakSet<TLSSocket>();
  const remembered = new WeakMap<TLSSocket, Reading | undefined>();
  server.on('keylog', (_secrets, socket) => {
    if (seen.has(socket)) return;
    seen.add(socket);
    socket.prependOnceListener('secure', () => {
      const reading = tryReadOld(socket);
      remembered.set(socket, reading);
      answerFor(socket, reading !== undefined);
    });
  });
  // Without the CAs, peers below an intermediate are refused: never the other way round.
  return (socket) => {
    answerFor(socket, undefined);
    return inFull(socket, remembered.get(socket) ?? readOld(socket));
  };
}

interface Reading extends Shown {
  /** Whether the last CA is a root. */
  readonly whole: boolean;
}

/** What is thrown in an event of Node's ends the process. Whoever asks again gets it again, where it ends the connection. */
function tryReadOld(socket: TLSSocket): Reading | undefined {
  try {
    return readOld(socket);
  } catch {
    return undefined;
  }
}

function readOld(socket: TLSSocket): Reading | undefined {
  // Node's types leave out that there may be none, of the certificate and of its issuer.
  const shown = socket.getPeerCertificate(true) as Partial<DetailedPeerCertificate> | null;
  if (shown?.raw === undefined) return undefined;
  const issuers: Buffer[] = [];
  let last = shown;
  for (;;) {
    const issuer: Partial<DetailedPeerCertificate> | undefined = last.issuerCertificate;
    const whole = issuer === last;
    if (whole || issuer?.raw === undefined || issuers.length === MAX_ISSUERS)
      return { leaf: new X509Certificate(shown.raw), issuers, whole };
    issuers.push(issuer.raw);
    last = issuer;
  }
}

/**
 * The old way loses CAs that were sent out of order (RFC 8446, 4.4.2 would have them taken). Where OpenSSL found a way to a
 * root and it did not, the new way has to do: only whom a root vouches for can make it cost memory.
 */
function inFull(socket: TLSSocket, reading: Reading | undefined): Shown | undefined {
  if (reading === undefined || reading.whole || !socket.authorized) return reading;
  const issuers: Buffer[] = [];
  let next = socket.getPeerX509Certificate()?.issuerCertificate;
  for (; next !== undefined && issuers.length < MAX_ISSUERS; next = next.issuerCertificate)
    issuers.push(next.raw);
  return { leaf: reading.leaf, issuers };
}

/**
 * Answers Node's own question, whether there is a certificate, in place of its handle, until `undefined` takes the answer
 * back. What Node does with a "yes" is believe what OpenSSL says of the chain; whether somebody may pass is decided here.
 */
function answerFor(socket: TLSSocket, answer: boolean | undefined): void {
  const { _handle: handle } = socket as unknown as {
    readonly _handle?: { getPeerX509Certificate?: unknown } | null;
  };
  if (typeof handle?.getPeerX509Certificate !== 'function') return;
  if (answer === undefined) delete handle.getPeerX509Certificate;
  else handle.getPeerX509Certificate = () => answer;
}
