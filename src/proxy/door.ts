import { ServerResponse, createServer, type IncomingMessage, type Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { newCallId, type FailureCode, type VerifiedPeer } from '../call/index.ts';
import { rawAnswer } from './answer.ts';
import type { Hall } from './hall.ts';
import { HttpExchange, type Wire } from './http-exchange.ts';
import { LiveCalls } from './live.ts';
import { walk } from './pipeline.ts';
import { RefusedSockets } from './refused-socket.ts';

/** Numbers are counts, bytes and milliseconds. */
export interface DoorLimits {
  readonly headers: number;
  readonly connections: number;
  readonly connectionsPerAgent: number;
  readonly headTimeout: number;
  readonly idleTimeout: number;
}

/** What is known of a connection that may not speak to us. Nothing in it was verified. */
export interface RefusedFacts {
  readonly code: FailureCode;
  readonly detail: string;
  readonly address: string;
  readonly claimedId?: string | undefined;
  readonly serial?: string | undefined;
}

const REFUSED_AT_ONCE = 256;
/** Calls that a caller may have under way on one connection without waiting for their answers. */
const PIPELINED = 16;

/** The inbound door: verified connections become calls, all others are told why and shown out. */
export class InboundDoor {
  readonly live: LiveCalls;
  readonly #hall: Hall;
  readonly #limits: DoorLimits;
  readonly #http: Server;
  readonly #refused = new RefusedSockets(REFUSED_AT_ONCE);
  readonly #peers = new WeakMap<Duplex, VerifiedPeer>();
  /** Every open connection, and the calls under way on it: more than one if the caller does not wait for answers. */
  readonly #sockets = new Map<Duplex, Set<HttpExchange>>();
  readonly #perAgent = new Map<string, number>();
  readonly #plain = { upgrade: undefined, mayGoOn: () => !this.#draining };
  #draining = false;

  constructor(hall: Hall, limits: DoorLimits) {
    this.#hall = hall;
    this.#limits = limits;
    this.live = new LiveCalls(hall.emit, hall.now);
    this.#http = createServer({
      maxHeaderSize: limits.headers,
      headersTimeout: limits.headTimeout,
      keepAliveTimeout: limits.idleTimeout,
      // A body may take as long as it needs: streams have no end.
      requestTimeout: 0,
      connectionsCheckingInterval: 500,
      // Judged with the rest of the head, so that it is answered and recorded like the rest.
      requireHostHeader: false,
      rejectNonStandardBodyWrites: true,
      noDelay: true,
    });
    this.#http.maxHeadersCount = 0;
    const enter = (request: IncomingMessage, response: ServerResponse) =>
      this.#enter({ request, response, awaitsContinue: false, ...this.#plain });
    this.#http.on('request', enter);
    this.#http.on('checkExpectation', enter);
    this.#http.on('checkContinue', (request, response) =>
      this.#enter({ request, response, awaitsContinue: true, ...this.#plain }),
    );
    this.#http.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) =>
      this.#enterUpgrade(request, socket, head),
    );
    this.#http.on('connect', (request: IncomingMessage, socket: Socket, head: Buffer) =>
      this.#enterUpgrade(request, socket, head),
    );
    this.#http.on('clientError', (error, socket) => this.#malformed(error, socket));
  }

  /** The only way to the HTTP parser: a connection whose peer was verified. */
  accept(socket: Socket, peer: VerifiedPeer): void {
    const id = peer.spiffeId.toString();
    const ofAgent = this.#perAgent.get(id) ?? 0;
    const full =
      this.#sockets.size >= this.#limits.connections || ofAgent >= this.#limits.connectionsPerAgent;
    if (full || this.#draining) {
      const code = this.#draining ? 'DRAINING' : 'TOO_MANY_CONNECTIONS';
      const detail = `${ofAgent} of this agent, ${this.#sockets.size} in all`;
      this.refuse(socket, { code, detail, ...claimsOf(peer) });
      return;
    }
    this.#perAgent.set(id, ofAgent + 1);
    this.#sockets.set(socket, new Set());
    this.#peers.set(socket, peer);
    this.#hall.emit({ kind: 'connections', open: this.#sockets.size });
    socket.once('close', () => this.#left(socket, id));
    this.#http.emit('connection', socket);
  }

  /** Records a connection that may not speak to us, and tells it why after its first bytes. */
  refuse(socket: Duplex, facts: RefusedFacts): void {
    const id = this.recordRefused(facts);
    this.#refused.take(socket, rawAnswer({ code: facts.code, id, missingScopes: [] }));
  }

  /** Records a connection that ended before anybody could be told anything. */
  recordRefused(facts: RefusedFacts): string {
    const id = newCallId();
    this.#hall.emit({
      kind: 'refused-connection',
      connection: {
        id,
        time: this.#hall.now(),
        code: facts.code,
        detail: facts.detail,
        address: facts.address,
        claimedId: facts.claimedId,
        serial: facts.serial,
      },
    });
    return id;
  }

  /** Waits until no call is under way, at most `within` milliseconds; then whatever is left is cut. */
  async drain(within: number): Promise<void> {
    this.#draining = true;
    this.#http.closeIdleConnections();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, within);
    });
    await Promise.race([this.live.empty(), late]);
    clearTimeout(timer);
    this.live.cutAll('CUT');
    await this.live.empty();
    this.close();
  }

  /** Ends every connection at once. */
  close(): void {
    for (const socket of this.#sockets.keys()) socket.destroy();
    this.#refused.destroyAll();
    this.#http.close();
  }

  #enter(wire: Wire): void {
    const { socket } = wire.request;
    const peer = this.#peers.get(socket);
    const underWay = this.#sockets.get(socket);
    // Unreachable while `accept` is the only way in; were there another, nobody would be let through by it.
    if (peer === undefined || underWay === undefined) return void socket.destroy();
    // The parser goes on with what it has read, though the connection is gone.
    if (socket.destroyed) return;
    if (underWay.size >= PIPELINED) return this.#tooEager(socket, peer);
    const exchange = new HttpExchange(wire);
    underWay.add(exchange);
    void walk(exchange, peer, this.#hall, this.live).finally(() => underWay.delete(exchange));
  }

  #tooEager(socket: Duplex, peer: VerifiedPeer): void {
    const detail = `more than ${PIPELINED} calls at a time on one connection`;
    this.recordRefused({ code: 'TOO_MANY_CONNECTIONS', detail, ...claimsOf(peer) });
    socket.destroy();
  }

  #enterUpgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    const response = new ServerResponse(request);
    response.assignSocket(socket);
    response.once('finish', () => socket.destroySoon());
    socket.on('error', () => socket.destroy());
    const upgrade = { socket, head };
    this.#enter({ ...this.#plain, request, response, awaitsContinue: false, upgrade });
  }

  #malformed(error: NodeJS.ErrnoException, socket: Duplex): void {
    const peer = this.#peers.get(socket);
    const code = codeOf(error);
    const [current] = [...(this.#sockets.get(socket) ?? [])].slice(-1);
    // A call that is under way has a record of its own, and bytes after its head cannot be answered any more.
    if (code !== undefined && current !== undefined && this.live.cut(current, code)) return;
    // A connection that breaks between two calls is no refusal.
    if (code === undefined || peer === undefined || !socket.writable) {
      socket.destroy();
      return;
    }
    const id = this.recordRefused({ code, detail: error.message, ...claimsOf(peer) });
    socket.end(rawAnswer({ code, id, missingScopes: [] }), () => socket.destroy());
  }

  #left(socket: Duplex, id: string): void {
    for (const exchange of this.#sockets.get(socket) ?? []) exchange.left();
    this.#sockets.delete(socket);
    const left = (this.#perAgent.get(id) ?? 1) - 1;
    if (left === 0) this.#perAgent.delete(id);
    else this.#perAgent.set(id, left);
    this.#hall.emit({ kind: 'connections', open: this.#sockets.size });
  }
}

function claimsOf(peer: VerifiedPeer) {
  return { address: peer.address, serial: peer.serial, claimedId: peer.spiffeId.toString() };
}

/** What a parser error means; undefined for a connection that merely broke. */
function codeOf(error: NodeJS.ErrnoException): FailureCode | undefined {
  const code = error.code ?? '';
  if (code === 'HPE_HEADER_OVERFLOW') return 'HEADERS_TOO_LARGE';
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'TIMEOUT';
  if (code === 'HPE_INVALID_EOF_STATE') return undefined;
  return code.startsWith('HPE_') ? 'MALFORMED_REQUEST' : undefined;
}
