import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { newCallId, type FailureCode } from '../../call/index.ts';
import { rawAnswer } from '../answer.ts';
import type { Asked } from '../asked.ts';
import { Connection } from '../connection.ts';
import { HttpExchange } from '../http-exchange.ts';
import { codeOf, createHttpServer, isAfterLast, type ParserLimits } from '../http-server.ts';
import type { OutboundHall } from './hall.ts';
import { LiveOutbounds } from './live.ts';
import { walkOut } from './pipeline.ts';
import { stillOutbound } from './still.ts';

export interface OutboundLimits extends ParserLimits {
  /** Calls under way at a time. Of connections, twice as many may be open, for some are idle. */
  readonly calls: number;
}

/** Calls that the agent may have under way on one connection without waiting for their answers. */
const PIPELINED = 16;
/** Milliseconds after which a connection that owes the rest of a refused body is ended. */
const DEBT = 30_000;

type AgentConnection = Connection<{ readonly address: string }>;

/** The outbound door: connections of our own agent, on which it calls peers. */
export class OutboundDoor {
  readonly #hall: OutboundHall;
  readonly #limits: OutboundLimits;
  readonly #live: LiveOutbounds;
  readonly #http: Server;
  readonly #connections = new Map<Duplex, AgentConnection>();
  #closing = false;

  constructor(hall: OutboundHall, limits: OutboundLimits) {
    this.#hall = hall;
    this.#limits = limits;
    this.#live = new LiveOutbounds(hall.emit);
    this.#http = createHttpServer(limits, {
      onRequest: (asked) => this.#enter(asked),
      mayUpgrade: (socket) => this.#connections.get(socket)?.callsUnderWay === 0,
      onStrayConnect: (socket) => this.#breakOff(socket, 'OUTBOUND_REFUSED', 'CONNECT'),
      onError: (error, socket) => this.#malformed(error, socket),
    });
  }

  accept(socket: Socket): void {
    const address = addressOf(socket);
    // Until the parser listens, a reset would end the process.
    socket.on('error', () => undefined);
    if (this.#closing || this.#connections.size >= 2 * this.#limits.calls) {
      const code = this.#closing ? 'DRAINING' : 'TOO_MANY_CONNECTIONS';
      this.#record(code, `${this.#connections.size} connections`, address);
      return void socket.destroy();
    }
    const connection: AgentConnection = new Connection(socket, { address });
    this.#connections.set(socket, connection);
    socket.once('close', () => {
      this.#connections.delete(socket);
      connection.left();
    });
    this.#http.emit('connection', socket);
  }

  /** To be called about once a second, and after a reload or kill; gives the number of calls that were ended. */
  review(): number {
    const ended = this.#live.review((live) => stillOutbound(live, this.#hall));
    const latest = performance.now() - DEBT;
    for (const connection of this.#connections.values())
      if ((connection.owesSince ?? Infinity) <= latest) connection.destroy();
    return ended;
  }

  /** Waits until no call is under way, at most `within` milliseconds; then whatever is left is cut. */
  async drain(within: number): Promise<void> {
    this.#closing = true;
    this.#http.closeIdleConnections();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, within);
    });
    await Promise.race([this.#allAnswered(), late]);
    clearTimeout(timer);
    await this.breakOff();
  }

  /** From this moment on nothing goes on. Resolves when every call has come to its end. */
  async breakOff(): Promise<void> {
    this.cut();
    await this.#live.empty();
    this.close();
  }

  cut(): void {
    this.#live.cutAll('CUT');
  }

  /** Ends every connection at once. */
  close(): void {
    this.#closing = true;
    for (const connection of this.#connections.values()) connection.destroy();
    this.#http.close();
  }

  async #allAnswered(): Promise<void> {
    await this.#live.empty();
    await Promise.all([...this.#connections.values()].map((connection) => connection.settled()));
  }

  #enter(asked: Asked): void {
    const { socket } = asked.request;
    const connection = this.#connections.get(socket);
    // The parser goes on with what it has read, though the connection is gone, or nobody listens any more.
    if (connection === undefined || socket.destroyed || connection.ending) return;
    if (connection.callsUnderWay >= PIPELINED)
      return this.#breakOff(socket, 'TOO_MANY_CONNECTIONS', `more than ${PIPELINED} calls on one`);
    const exchange = new HttpExchange(asked, connection, () => this.#closing);
    connection.begin(exchange);
    const origin = { address: connection.peer.address, most: this.#limits.calls };
    void walkOut(exchange, origin, this.#hall, this.#live).finally(() => connection.over(exchange));
  }

  #breakOff(socket: Duplex, code: FailureCode, detail: string): void {
    const address = this.#connections.get(socket)?.peer.address;
    if (address !== undefined) this.#record(code, detail, address);
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
    if (latest?.bodyPending === true) return this.#live.spoil(latest, code);
    connection.takeNoMore();
    if (isAfterLast(error)) return;
    const id = this.#record(code, error.message, connection.peer.address);
    if (latest === undefined) connection.end(rawAnswer({ code, id, missingScopes: [] }));
  }

  #record(code: FailureCode, detail: string, address: string): string {
    const id = newCallId();
    const facts = { id, time: this.#hall.now(), code, detail, address };
    const connection = {
      ...facts,
      direction: 'outbound',
      claimedId: undefined,
      serial: undefined,
    } as const;
    this.#hall.emit({ kind: 'refused-connection', connection, verified: false });
    return id;
  }
}

function addressOf({ remoteAddress, remotePort }: Socket): string {
  return remoteAddress === undefined ? 'unix' : `${remoteAddress}:${remotePort ?? 0}`;
}
