import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { newCallId, type FailureCode, type VerifiedPeer } from '../call/index.ts';
import { rawAnswer } from './answer.ts';
import { Connection } from './connection.ts';
import type { Hall } from './hall.ts';
import { HttpExchange, type Asked } from './http-exchange.ts';
import { codeOf, createHttpServer, isAfterLast, type ParserLimits } from './http-server.ts';
import { LiveCalls } from './live.ts';
import { walk } from './pipeline.ts';
import { RefusedSockets } from './refused-socket.ts';

/** Numbers are counts, bytes and milliseconds. */
export interface DoorLimits extends ParserLimits {
  readonly connections: number;
  readonly connectionsPerAgent: number;
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
/** Milliseconds in which a call that was sent before a drain began has arrived. */
const LAST_CALLS = 500;

/** The inbound door: verified connections become calls, all others are told why and shown out. */
export class InboundDoor {
  readonly live: LiveCalls;
  readonly #hall: Hall;
  readonly #limits: DoorLimits;
  readonly #http: Server;
  readonly #refused = new RefusedSockets(REFUSED_AT_ONCE);
  readonly #connections = new Map<Duplex, Connection>();
  readonly #perAgent = new Map<string, number>();
  #draining = false;
  #closing = false;
  #allLeft: (() => void) | undefined;

  constructor(hall: Hall, limits: DoorLimits) {
    this.#hall = hall;
    this.#limits = limits;
    this.live = new LiveCalls(hall.emit);
    this.#http = createHttpServer(limits, {
      onRequest: (asked) => this.#enter(asked),
      mayUpgrade: (socket) => this.#connections.get(socket)?.callsUnderWay === 0,
      onStrayConnect: (socket) =>
        this.#breakOff(socket, 'MALFORMED_REQUEST', 'CONNECT behind another call'),
      onError: (error, socket) => this.#malformed(error, socket),
    });
  }

  /** The only way to the HTTP parser: a connection whose peer was verified. */
  accept(socket: Socket, peer: VerifiedPeer): void {
    const id = peer.spiffeId.toString();
    const ofAgent = this.#perAgent.get(id) ?? 0;
    const { connections, connectionsPerAgent } = this.#limits;
    // Whoever was connecting when the drain began has connected before anybody could be told not to.
    if (this.#closing) return this.refuse(socket, factsOf(peer, 'DRAINING', 'a new connection'));
    if (this.#connections.size >= connections || ofAgent >= connectionsPerAgent) {
      const detail = `${ofAgent} of this agent, ${this.#connections.size} in all`;
      return this.refuse(socket, factsOf(peer, 'TOO_MANY_CONNECTIONS', detail));
    }
    this.#perAgent.set(id, ofAgent + 1);
    this.#connections.set(socket, new Connection(socket, peer));
    this.#hall.emit({ kind: 'connections', open: this.#connections.size });
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
    const { code, detail, address, claimedId, serial } = facts;
    const time = this.#hall.now();
    const connection = { id, time, code, detail, address, claimedId, serial };
    this.#hall.emit({ kind: 'refused-connection', connection });
    return id;
  }

  /** Waits until no call is under way, at most `within` milliseconds; then whatever is left is cut. */
  async drain(within: number): Promise<void> {
    this.#draining = true;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, within);
    });
    await Promise.race([this.#allAnswered(), late]);
    clearTimeout(timer);
    this.live.cutAll('CUT');
    await this.live.empty();
    this.close();
  }

  /** Ends every connection at once. */
  close(): void {
    for (const connection of this.#connections.values()) connection.destroy();
    this.#refused.destroyAll();
    this.#http.close();
  }

  async #allAnswered(): Promise<void> {
    await this.#lastCalls();
    await this.live.empty();
    await Promise.all([...this.#connections.values()].map((connection) => connection.settled()));
  }

  /** Calls may be on their way on connections that are idle: closed at once, they would be lost. */
  async #lastCalls(): Promise<void> {
    await new Promise<void>((resolve) => {
      if (this.#connections.size === 0) return resolve();
      const enough = setTimeout(resolve, LAST_CALLS);
      this.#allLeft = () => {
        clearTimeout(enough);
        resolve();
      };
    });
    this.#closing = true;
    this.#http.closeIdleConnections();
  }

  #enter(asked: Asked): void {
    const { socket } = asked.request;
    const connection = this.#connections.get(socket);
    // Unreachable while `accept` is the only way in; were there another, nobody would be let through by it.
    if (connection === undefined) return void socket.destroy();
    // The parser goes on with what it has read, though the connection is gone, or nobody listens any more.
    if (socket.destroyed || connection.ending) return;
    if (connection.callsUnderWay >= PIPELINED) {
      const detail = `more than ${PIPELINED} calls at a time on one connection`;
      return this.#breakOff(socket, 'TOO_MANY_CONNECTIONS', detail);
    }
    const exchange = new HttpExchange(asked, connection, () => this.#draining);
    connection.begin(exchange);
    void walk(exchange, connection.peer, this.#hall, this.live).finally(() =>
      connection.over(exchange),
    );
  }

  /** Ends a connection in the middle of its calls, which are recorded as left. */
  #breakOff(socket: Duplex, code: FailureCode, detail: string): void {
    const peer = this.#connections.get(socket)?.peer;
    if (peer !== undefined) this.recordRefused(factsOf(peer, code, detail));
    socket.destroy();
  }

  /** Bytes that are no request: in the body of a call they end it, after one they end the connection. */
  #malformed(error: NodeJS.ErrnoException, socket: Duplex): void {
    const connection = this.#connections.get(socket);
    const code = codeOf(error);
    // A connection that breaks between two calls is no refusal.
    if (code === undefined || connection === undefined) return void socket.destroy();
    if (connection.ending) return;
    const { latest } = connection;
    if (latest?.bodyPending === true) return this.live.spoil(latest, code);
    connection.takeNoMore();
    if (isAfterLast(error)) return;
    const id = this.recordRefused(factsOf(connection.peer, code, error.message));
    if (latest === undefined) connection.end(rawAnswer({ code, id, missingScopes: [] }));
  }

  #left(socket: Duplex, id: string): void {
    this.#connections.get(socket)?.left();
    this.#connections.delete(socket);
    const left = (this.#perAgent.get(id) ?? 1) - 1;
    if (left === 0) this.#perAgent.delete(id);
    else this.#perAgent.set(id, left);
    this.#hall.emit({ kind: 'connections', open: this.#connections.size });
    if (this.#connections.size === 0) this.#allLeft?.();
  }
}

function factsOf(peer: VerifiedPeer, code: FailureCode, detail: string): RefusedFacts {
  const { address, serial, spiffeId } = peer;
  return { code, detail, address, serial, claimedId: spiffeId.toString() };
}
