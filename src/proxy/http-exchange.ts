import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
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
  type Source,
} from '../call/index.ts';
import type { Exchange } from './exchange.ts';
import type { RawHead } from './head.ts';
import { lingerThenEnd } from './linger.ts';
import { RequestBody } from './request-body.ts';
import { Tunnelled } from './tunnelled.ts';

/** A body this small is read and dropped after a refusal, so that the connection can go on. */
const DROPPABLE = 64 * 1024;

/** What the wire knows of a request, beyond its head. */
export interface Wire {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The caller sends its body only after `100 Continue`. */
  readonly awaitsContinue: boolean;
  /** Set if the caller wants to change the protocol: its socket, and what came after the head. */
  readonly upgrade: { readonly socket: Socket; readonly head: Buffer } | undefined;
  /** Whether the connection may go on after this call. */
  readonly mayGoOn: () => boolean;
}

/** One request and its answer by `node:http`; no type of that module leaves through `Exchange`. */
export class HttpExchange implements Exchange {
  readonly head: RawHead;
  readonly upgrade: boolean;
  readonly body: RequestBody;
  readonly #wire: Wire;
  #flow: Flow | undefined;
  #tunnel: Tunnelled | undefined;
  #gone: (() => void) | undefined;
  #resolve: ((end: End) => void) | undefined;
  #bytesOut = 0;
  #how: End['how'] | undefined;

  constructor(wire: Wire) {
    const { request, response } = wire;
    this.head = {
      method: request.method ?? '',
      target: request.url ?? '',
      httpVersion: request.httpVersion,
      fields: request.rawHeaders,
    };
    this.upgrade = wire.upgrade !== undefined;
    this.#wire = wire;
    // Destroying the request would take the connection along, and the answer with it: what is unwanted is dropped.
    const drop = (readable: Readable): void => void readable.resume();
    this.body = new RequestBody(readableSource(request, drop), () => {
      if (wire.awaitsContinue) response.writeContinue();
    });
    response.on('error', ignore);
    // `close` comes once, after the last byte or when the connection breaks.
    response.once('close', () => this.#closed());
  }

  onGone(listener: () => void): void {
    this.#gone = listener;
    if (this.#how !== undefined && this.#how !== 'complete') listener();
  }

  send(reply: Reply): Promise<End> {
    return new Promise((resolve) => {
      this.#resolve = resolve;
      if (this.#how === undefined) this.#start(reply);
      else if (reply.body.kind === 'source') reply.body.source.cancel(new Error('nobody is there'));
      this.#settle();
    });
  }

  /** The connection has closed. An answer that waited for its turn hears of it only so; any other says so itself first. */
  left(): void {
    setImmediate(() => this.#closed());
  }

  #closed(): void {
    this.#over(this.#wire.response.writableFinished ? 'complete' : 'callerLeft');
  }

  cut(): void {
    this.#how ??= 'cut';
    this.#tunnel?.cut();
    this.#wire.request.socket.destroy();
  }

  /** What cannot be put on the wire breaks the call, never the process. */
  #start(reply: Reply): void {
    try {
      if (reply.body.kind === 'tunnel') this.#switch(reply);
      else this.#answer(reply);
    } catch (error) {
      if (reply.body.kind === 'source') reply.body.source.cancel(asError(error));
      this.#how ??= 'upstreamBroke';
      this.#wire.request.socket.destroy();
    }
  }

  #answer(reply: Reply): void {
    const { response } = this.#wire;
    const { body } = reply;
    if (this.#mustClose()) response.shouldKeepAlive = false;
    response.writeHead(reply.status, flat(reply.headers));
    if (body.kind === 'source') this.#stream(body.source);
    else if (body.kind === 'bytes') this.#sendBytes(body.bytes);
    else response.end();
  }

  #stream(source: Source): void {
    const { response } = this.#wire;
    this.#flow = pump(source, writableSink(response), (how) => {
      if (how !== 'complete' && !(how instanceof BrokenSink)) this.#how ??= 'upstreamBroke';
    });
    // An event stream's head must not wait for its first event.
    setImmediate(() => {
      if (this.#flow?.bytes === 0) response.flushHeaders();
    });
  }

  #sendBytes(bytes: Uint8Array): void {
    const { request, response } = this.#wire;
    this.#bytesOut = bytes.length;
    if (response.shouldKeepAlive || request.complete) response.end(bytes);
    else lingerThenEnd(request, response, bytes);
  }

  /** Nothing of a body that was not read to its end may be taken for the next request. */
  #mustClose(): boolean {
    const { request, awaitsContinue, upgrade, mayGoOn } = this.#wire;
    if (upgrade !== undefined || !mayGoOn()) return true;
    if (request.complete) return false;
    if (this.body.started || awaitsContinue) return true;
    const length = request.headers['content-length'];
    return length === undefined
      ? request.headers['transfer-encoding'] !== undefined
      : !(Number(length) <= DROPPABLE);
  }

  #switch(reply: Reply): void {
    const { upgrade, response } = this.#wire;
    if (upgrade === undefined || reply.body.kind !== 'tunnel')
      throw new TypeError('a tunnel answers a request to change the protocol');
    response.detachSocket(upgrade.socket);
    this.#tunnel = new Tunnelled(upgrade, reply, reply.body.tunnel, (how) => this.#over(how));
  }

  #over(how: End['how']): void {
    const early = this.#how === undefined && how !== 'complete';
    this.#how ??= how;
    if (this.#how !== 'complete') {
      this.#flow?.cut(new Error('the caller left'));
      if (early) this.#gone?.();
    }
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

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

function ignore(): void {
  // `close` follows, and says all that is to be known.
}
