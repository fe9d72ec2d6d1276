import { X509Certificate } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { PeerCertificate, TLSSocket } from 'node:tls';
import type { VerifiedPeer } from '../call/index.ts';
import type { Caller } from './service.ts';

const MAX_CONNECTIONS = 5000;
const MAX_OF_PEER = 100;
/** Milliseconds, head and body together: a form is small. */
const REQUEST_TIMEOUT = 10_000;
const IDLE_TIMEOUT = 75_000;
const MAX_HEAD = 16 * 1024;

type Answer = (request: IncomingMessage, response: ServerResponse, caller: Caller) => Promise<void>;

/** Where verified connections come in. It listens nowhere: they are handed to it. */
export class TokenDoor {
  readonly #server: Server;
  readonly #callers = new WeakMap<object, Caller>();
  readonly #open = new Map<TLSSocket, string>();
  readonly #underWay = new Set<Promise<void>>();
  #draining = false;

  constructor(answer: Answer) {
    this.#server = createServer({
      maxHeaderSize: MAX_HEAD,
      headersTimeout: REQUEST_TIMEOUT,
      requestTimeout: REQUEST_TIMEOUT,
      keepAliveTimeout: IDLE_TIMEOUT,
      connectionsCheckingInterval: 500,
      rejectNonStandardBodyWrites: true,
      noDelay: true,
    });
    this.#server.on('request', (request, response) => this.#take(answer, request, response));
    this.#server.on('clientError', (_error, socket) => socket.destroy());
    // What asks for another protocol gets none.
    this.#server.on('upgrade', (_request, socket) => socket.destroy());
    this.#server.on('connect', (_request, socket) => socket.destroy());
    // Node begins to look for slow requests when it listens, and never would here.
    this.#server.emit('listening');
  }

  /** Whether there was room; if not, the socket is gone. */
  accept(socket: TLSSocket, peer: VerifiedPeer): boolean {
    const certificate = certificateOf(socket);
    const spiffeId = peer.spiffeId.toString();
    const own = [...this.#open.values()].filter((one) => one === spiffeId).length;
    const full = this.#draining || this.#open.size >= MAX_CONNECTIONS || own >= MAX_OF_PEER;
    // What is bound to a certificate must be bound to the one that was verified.
    const verified = certificate?.fingerprint256.replaceAll(':', '').toLowerCase() === peer.sha256;
    if (full || certificate === undefined || !verified) {
      socket.destroy();
      return false;
    }
    this.#open.set(socket, spiffeId);
    socket.once('close', () => this.#open.delete(socket));
    this.#callers.set(socket, { peer, certificate });
    this.#server.emit('connection', socket);
    return true;
  }

  /** Takes nothing more, lets what is under way be answered for so many milliseconds, and closes. */
  async drain(within: number): Promise<void> {
    this.#draining = true;
    const { promise: late, resolve } = Promise.withResolvers<undefined>();
    const timer = setTimeout(() => resolve(undefined), within);
    await Promise.race([Promise.all(this.#underWay), late]);
    clearTimeout(timer);
    this.close();
  }

  close(): void {
    for (const socket of this.#open.keys()) socket.destroy();
    this.#server.close();
  }

  #take(answer: Answer, request: IncomingMessage, response: ServerResponse): void {
    const caller = this.#callers.get(request.socket);
    if (caller === undefined || this.#draining) return void request.socket.destroy();
    const answered = answer(request, response, caller);
    this.#underWay.add(answered);
    void answered.finally(() => this.#underWay.delete(answered));
  }
}

/** Asked for in the old way: `getPeerX509Certificate` never gives back the memory of the issuers that were sent. */
function certificateOf(socket: TLSSocket): X509Certificate | undefined {
  const { raw } = (socket.getPeerCertificate() as Partial<PeerCertificate> | null) ?? {};
  return raw === undefined ? undefined : new X509Certificate(raw);
}
