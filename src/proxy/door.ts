import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Call, FailureCode, Refusal, VerifiedPeer } from '../call/index.ts';
import { rawAnswer } from './answer.ts';
import type { Asked } from './asked.ts';
import { Connections } from './connections.ts';
import type { Hall } from './hall.ts';
import { HttpExchange } from './http-exchange.ts';
import { codeOf, createHttpServer, isAfterLast, type ParserLimits } from './http-server.ts';
import { LiveCalls } from './live.ts';
import { walk } from './pipeline.ts';
import { Refusals, factsOf } from './refusals.ts';
import { Traffic, type TrafficLimits } from './traffic.ts';

/** Numbers are counts, bytes and milliseconds. */
export interface DoorLimits extends ParserLimits, TrafficLimits {
  readonly connections: number;
  readonly connectionsPerAgent: number;
  readonly calls: number;
  readonly callsPerAgent: number;
}

/** Calls that a caller may have under way on one connection without waiting for their answers. */
const PIPELINED = 16;
/** Milliseconds in which a call that was sent before a drain began has arrived. */
const LAST_CALLS = 500;

/** The inbound door: verified connections become calls, all others are told why and shown out. */
export class InboundDoor {
  readonly live: LiveCalls;
  readonly refusals: Refusals;
  readonly #hall: Hall;
  readonly #limits: DoorLimits;
  readonly #http: Server;
  readonly #connections: Connections;
  readonly #traffic: Traffic;
  #draining = false;
  #closing = false;

  constructor(hall: Hall, limits: DoorLimits) {
    this.#hall = hall;
    this.#limits = limits;
    const { connections, connectionsPerAgent, calls, callsPerAgent } = limits;
    this.#connections = new Connections(
      { total: connections, each: connectionsPerAgent },
      hall.emit,
    );
    this.refusals = new Refusals(hall.now, hall.emit);
    this.live = new LiveCalls({ total: calls, each: callsPerAgent }, hall.emit);
    this.#traffic = new Traffic(limits, hall.emit);
    this.#http = createHttpServer(limits, {
      onRequest: (asked) => this.#enter(asked),
      mayUpgrade: (socket) => this.#connections.of(socket)?.callsUnderWay === 0,
      onStrayConnect: (socket) =>
        this.#breakOff(socket, 'MALFORMED_REQUEST', 'CONNECT behind another call'),
      onError: (error, socket) => this.#malformed(error, socket),
    });
  }

  /** The only way to the HTTP parser: a connection whose peer was verified. */
  accept(socket: Socket, peer: VerifiedPeer): void {
    // Whoever was connecting when the drain began has connected before anybody could be told not to.
    if (this.#closing)
      return this.refusals.tell(socket, factsOf(peer, 'DRAINING', 'a new connection'));
    const full = this.#connections.add(socket, peer);
    if (full !== undefined)
      return this.refusals.tell(socket, factsOf(peer, 'TOO_MANY_CONNECTIONS', full));
    this.#http.emit('connection', socket);
  }

  /** To be called about once a second; gives the number of calls that were ended because `still` no longer permits them. */
  review(still: (call: Readonly<Call>) => Refusal | undefined): number {
    const ended = this.live.review(still);
    this.#traffic.look(this.live);
    // What is left of a refused body may not hold its connection for ever.
    for (const peer of this.#connections.endDebtors(this.#limits.bodyTimeout))
      this.refusals.record(factsOf(peer, 'TIMEOUT', 'the rest of a refused body did not come'));
    return ended;
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
    this.#connections.destroy();
    this.refusals.destroyAll();
    this.#http.close();
  }

  async #allAnswered(): Promise<void> {
    await this.#lastCalls();
    await this.live.empty();
    await this.#connections.settled();
  }

  /** Calls may be on their way on connections that are idle: closed at once, they would be lost. */
  async #lastCalls(): Promise<void> {
    await this.#connections.empty(LAST_CALLS);
    this.#closing = true;
    this.#http.closeIdleConnections();
  }

  #enter(asked: Asked): void {
    const { socket } = asked.request;
    const connection = this.#connections.of(socket);
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
    const peer = this.#connections.of(socket)?.peer;
    if (peer !== undefined) this.refusals.record(factsOf(peer, code, detail));
    socket.destroy();
  }

  /** Bytes that are no request: in the body of a call they end it, after one they end the connection. */
  #malformed(error: NodeJS.ErrnoException, socket: Duplex): void {
    const connection = this.#connections.of(socket);
    const code = codeOf(error);
    // A connection that breaks between two calls is no refusal.
    if (code === undefined || connection === undefined) return void socket.destroy();
    if (connection.ending) return;
    const { latest } = connection;
    if (latest?.bodyPending === true) return this.live.spoil(latest, code);
    connection.takeNoMore();
    if (isAfterLast(error)) return;
    const id = this.refusals.record(factsOf(connection.peer, code, error.message));
    if (latest === undefined) connection.end(rawAnswer({ code, id, missingScopes: [] }));
  }
}
