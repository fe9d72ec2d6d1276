import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import {
  BrokenSink,
  pump,
  readableSource,
  writableSink,
  type End,
  type Flow,
  type Headers,
  type Reply,
  type ReplyBody,
  type Source,
} from '../call/index.ts';
import type { AskedUpgrade } from './asked-upgrade.ts';
import type { Connection } from './connection.ts';
import type { Exchange } from './exchange.ts';
import type { RawHead } from './head.ts';
import { RequestBody } from './request-body.ts';
import { Tunnelled } from './tunnelled.ts';

/** A body this small is read and dropped after a refusal, so that the connection can go on. */
const DROPPABLE = 64 * 1024;

/** A request as the parser brings it. */
export interface Asked {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The caller sends its body only after `100 Continue`. */
  readonly awaitsContinue: boolean;
  /** Set if the caller wants to change the protocol. */
  readonly upgrade: AskedUpgrade | undefined;
}

/** One request and its answer by `node:http`; no type of that module leaves through `Exchange`. */
export class HttpExchange implements Exchange {
  readonly head: RawHead;
  readonly upgrade: boolean;
  readonly body: RequestBody;
  readonly #asked: Asked;
  readonly #connection: Connection;
  readonly #isClosing: () => boolean;
  #flow: Flow | undefined;
  #tunnel: Tunnelled | undefined;
  #gone: (() => void) | undefined;
  #resolve: ((end: End) => void) | undefined;
  #bytesOut = 0;
  #how: End['how'] | undefined;

  /** `isClosing`: whether connections are no longer kept after an answer. */
  constructor(asked: Asked, connection: Connection, isClosing: () => boolean) {
    const { request, response } = asked;
    this.head = {
      method: request.method ?? '',
      target: request.url ?? '',
      httpVersion: request.httpVersion,
      fields: request.rawHeaders,
    };
    this.upgrade = asked.upgrade !== undefined;
    this.#asked = asked;
    this.#connection = connection;
    this.#isClosing = isClosing;
    // Destroying the request would take the connection along, and the answer with it: what is unwanted is dropped.
    const drop = (readable: Readable): void => void readable.resume();
    this.body = new RequestBody(readableSource(request, drop), () => {
      if (asked.awaitsContinue) response.writeContinue();
    });
    response.on('error', ignore);
    // `close` comes once, after the last byte or when the connection breaks.
    response.once('close', () => this.#closed());
  }

  /** Whether bytes of the body are still to come. */
  get bodyPending(): boolean {
    return !this.#asked.request.complete;
  }

  onGone(listener: () => void): void {
    this.#gone = listener;
    if (this.#how !== undefined && this.#how !== 'complete') listener();
  }

  send(reply: Reply): Promise<End> {
    return new Promise((resolve) => {
      this.#resolve = resolve;
      if (this.#how === undefined) this.#start(reply);
      else discard(reply.body, new Error('nobody is there'));
      this.#settle();
    });
  }

  /** The connection has closed. An answer that waited for its turn hears of it only so; any other says so itself first. */
  left(): void {
    setImmediate(() => this.#closed());
  }

  #closed(): void {
    this.#over(this.#asked.response.writableFinished ? 'complete' : 'callerLeft');
  }

  cut(): void {
    this.#over('cut');
    this.#tunnel?.cut();
    this.#asked.request.socket.destroy();
  }

  stop(): void {
    if (this.#resolve === undefined) this.#gone?.();
    else this.cut();
  }

  /** What cannot be put on the wire breaks the call, never the process. */
  #start(reply: Reply): void {
    try {
      if (reply.body.kind === 'tunnel') this.#switch(reply);
      else this.#answer(reply);
    } catch (error) {
      discard(reply.body, error instanceof Error ? error : new Error(String(error)));
      this.#how ??= 'upstreamBroke';
      this.#asked.request.socket.destroy();
    }
  }

  #answer(reply: Reply): void {
    const { response, upgrade } = this.#asked;
    const { body } = reply;
    upgrade?.drop();
    if (this.#isLast()) {
      response.shouldKeepAlive = false;
      this.#connection.takeNoMore();
    }
    response.writeHead(reply.status, flat(reply.headers));
    if (body.kind === 'source') this.#stream(body.source);
    else if (body.kind === 'bytes') this.#sendBytes(body.bytes);
    else response.end();
  }

  #stream(source: Source): void {
    const { response } = this.#asked;
    this.#flow = pump(source, writableSink(response), (how) => {
      if (how !== 'complete' && !(how instanceof BrokenSink)) this.#how ??= 'upstreamBroke';
    });
    // An event stream's head must not wait for its first event.
    setImmediate(() => {
      if (this.#flow?.bytes === 0) response.flushHeaders();
    });
  }

  #sendBytes(bytes: Uint8Array): void {
    const { request, response } = this.#asked;
    if (request.method === 'HEAD') return void response.end();
    this.#bytesOut = bytes.length;
    response.end(bytes);
  }

  /** Whether the connection ends with this answer. */
  #isLast(): boolean {
    if (this.#asked.upgrade !== undefined || this.#leavesBody()) return true;
    const { latest, ending } = this.#connection;
    return latest === this && (ending || this.#isClosing());
  }

  /** Nothing of a body that was not read to its end may be taken for the next request. */
  #leavesBody(): boolean {
    const { request, awaitsContinue } = this.#asked;
    if (!this.bodyPending) return false;
    if (this.body.started || awaitsContinue) return true;
    const length = request.headers['content-length'];
    return length === undefined
      ? request.headers['transfer-encoding'] !== undefined
      : !(Number(length) <= DROPPABLE);
  }

  #switch(reply: Reply): void {
    const { upgrade, response } = this.#asked;
    if (upgrade === undefined || reply.body.kind !== 'tunnel')
      throw new TypeError('a tunnel answers a request to change the protocol');
    const socket = upgrade.take();
    response.detachSocket(socket);
    this.#tunnel = new Tunnelled(socket, reply, reply.body.tunnel, (how) => this.#over(how));
  }

  #over(how: End['how']): void {
    if (this.#how === undefined) {
      this.#how = how;
      if (how !== 'complete') this.#gone?.();
    }
    if (this.#how !== 'complete') this.#flow?.cut(new Error('the caller left'));
    this.#settle();
  }

  #settle(): void {
    if (this.#how === undefined || this.#resolve === undefined) return;
    this.#resolve({
      bytesIn: this.#tunnel?.bytesIn ?? this.body.bytes,
      bytesOut: this.#tunnel?.bytesOut ?? this.#flow?.bytes ?? this.#bytesOut,
      how: this.#how,
    });
  }
}

function flat(headers: Headers): string[] {
  const list: string[] = [];
  for (const [name, value] of headers) list.push(name, value);
  return list;
}

/** Lets go of an answer that nobody is there to get. */
function discard(body: ReplyBody, reason: Error): void {
  if (body.kind === 'source') body.source.cancel(reason);
  if (body.kind !== 'tunnel') return;
  body.tunnel.source.cancel(reason);
  body.tunnel.sink.fail(reason);
}

function ignore(): void {
  // `close` follows, and says all that is to be known.
}
