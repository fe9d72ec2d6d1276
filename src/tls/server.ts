import { createServer as createTcpServer, type Server } from 'node:net';
import { createServer, type Server as InnerServer, type TLSSocket } from 'node:tls';
import type { VerifiedPeer } from '../call/index.ts';
import type { Clock, Reloadable } from '../lib/index.ts';
import { addressOf } from './address.ts';
import { serverContext, supportedGroups, type MinTls } from './context.ts';
import type { FailedHandshake } from './failed-handshake.ts';
import { Handshakes } from './handshakes.ts';
import type { Identity } from './identity.ts';
import { rememberShown, type Shown } from './shown-certificate.ts';
import type { Trust } from './trust.ts';
import { verifyPeer, type RefusedPeer, type Verdict } from './verify.ts';

/** What becomes of a connection: exactly one of these, once. */
export interface TlsServerEvents {
  /** Its certificate was verified. The socket is the callee's from here on. */
  onPeer(socket: TLSSocket, peer: VerifiedPeer): void;
  /** The handshake is complete, but nobody vouches for the peer. The socket is the callee's, to tell why and to close. */
  onRefused(socket: TLSSocket, refused: RefusedPeer): void;
  /** There is no handshake, and no socket any more. */
  onHandshakeFailed(failed: FailedHandshake): void;
}

export interface TlsServerOptions {
  readonly identity: Reloadable<Identity>;
  readonly trust: Reloadable<Trust>;
  readonly now: Clock;
  readonly events: TlsServerEvents;
  /** Default 1.3. */
  readonly minTls?: MinTls;
  /** Handshakes under way at a time; default 256. */
  readonly handshakes?: number;
  /** Of these, of one IP address; default 64. */
  readonly handshakesPerAddress?: number;
  /** Handshakes of one IP address that may begin a second, when as many have begun at once; default 50. */
  readonly handshakeRate?: number;
  /** Milliseconds; default 10 s. */
  readonly handshakeTimeout?: number;
}

const HANDSHAKES = 256;
const HANDSHAKES_PER_ADDRESS = 64;
const HANDSHAKE_RATE = 50;
const HANDSHAKE_TIMEOUT = 10_000;

/**
 * A server that asks everybody for a certificate and sorts connections into verified peers and others. A swap of the
 * identity or the trust counts for the next handshake. To listen, close and count connections, use what is returned, a
 * plain TCP server; limits on connections as a whole are the caller's. Half-open connections are allowed.
 */
export function createTlsServer(options: TlsServerOptions): Server {
  const { events } = options;
  const limits = {
    total: options.handshakes ?? HANDSHAKES,
    perAddress: options.handshakesPerAddress ?? HANDSHAKES_PER_ADDRESS,
    rate: options.handshakeRate ?? HANDSHAKE_RATE,
  };
  const handshakes = new Handshakes(limits, {
    // The documented way to hand a connection to a TLS server: only so can it wait before it costs a handshake.
    start: (raw) => void inner.emit('connection', raw),
    report: (failed) => events.onHandshakeFailed(failed),
  });
  const inner = innerServer(options);
  const shownBy = rememberShown(inner);
  inner.on('tlsClientError', (error, socket) => handshakes.failed(socket, error));
  inner.on('secureConnection', (socket) => {
    // Until its new owner listens; without any listener, a reset would end the process.
    socket.on('error', () => undefined);
    // Only from here on: who closes in the middle of a handshake does not want it.
    socket.allowHalfOpen = true;
    if (handshakes.succeeded(socket)) sort(socket, () => shownBy(socket), options);
    else socket.destroy();
  });
  // Paused, so that the system keeps the bytes of those who wait, and not we.
  return createTcpServer({ noDelay: true, pauseOnConnect: true }, (raw) => {
    raw.on('error', () => undefined);
    handshakes.enter(raw);
  });
}

function innerServer(options: TlsServerOptions): InnerServer {
  const { identity, trust, minTls = '1.3' } = options;
  const groups = supportedGroups();
  const context = () => serverContext(identity.current, trust.current, minTls, groups);
  const inner = createServer({
    ...context(),
    requestCert: true,
    // Refused peers are told why; `sort` lets none of them pass.
    rejectUnauthorized: false,
    ALPNProtocols: ['http/1.1'],
    handshakeTimeout: options.handshakeTimeout ?? HANDSHAKE_TIMEOUT,
  });
  identity.onSwap(() => inner.setSecureContext(context()));
  trust.onSwap(() => inner.setSecureContext(context()));
  return inner;
}

/** Whatever goes wrong in here ends the connection and is reported: nothing that a peer sends may end the process. */
function sort(
  socket: TLSSocket,
  shown: () => Shown | undefined,
  { trust, now, events }: TlsServerOptions,
): void {
  const address = addressOf(socket);
  try {
    const verdict: Verdict = verifyPeer(socket, trust.current, now(), shown());
    if (verdict.ok) events.onPeer(socket, verdict.peer);
    else events.onRefused(socket, verdict.refused);
  } catch (error) {
    socket.destroy();
    const detail = error instanceof Error ? error.message : String(error);
    events.onHandshakeFailed({ code: 'INTERNAL', detail, address });
  }
}
