import type { Readable } from 'node:stream';
import { readableSource, type End, type Reply } from '../call/index.ts';
import type { Asked } from './asked.ts';
import type { Connection } from './connection.ts';
import type { Exchange, Standing } from './exchange.ts';
import type { RawHead } from './head.ts';
import { HttpAnswer, discard } from './http-answer.ts';
import { RequestBody } from './request-body.ts';

/** A body this small is read and dropped after a refusal, so that the connection can go on. */
const DROPPABLE = 64 * 1024;

/** One request and its answer by `node:http`; no type of that module leaves through `Exchange`. */
export class HttpExchange implements Exchange {
  readonly head: RawHead;
  readonly upgrade: boolean;
  readonly body: RequestBody;
  readonly #asked: Asked;
  readonly #connection: Connection<unknown>;
  readonly #isClosing: () => boolean;
  readonly #answer: HttpAnswer;
  #gone: (() => void) | undefined;
  #resolve: ((end: End) => void) | undefined;
  #how: End['how'] | undefined;
  /** Writes the answer that waits; undefined if none does. */
  #due: (() => void) | undefined;

  /** `isClosing`: whether connections are no longer kept after an answer. */
  constructor(asked: Asked, connection: Connection<unknown>, isClosing: () => boolean) {
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
    this.#answer = new HttpAnswer(asked, {
      onBroken: () => (this.#how ??= 'upstreamBroke'),
      onTunnelOver: (how) => this.#over(how),
    });
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

  get standing(): Standing {
    const { body } = this;
    return {
      sent: body.isAwaited && this.bodyPending ? body.bytes : undefined,
      taken: this.#answer.taken,
      held: body.unread + body.unsent + this.#answer.held,
    };
  }

  onGone(listener: () => void): void {
    this.#gone = listener;
    if (this.#how !== undefined && this.#how !== 'complete') listener();
  }

  send(reply: Reply, after = 0): Promise<End> {
    return new Promise((resolve) => {
      this.#resolve = resolve;
      if (this.#how === undefined) this.#start(reply, after);
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
    this.#answer.cutTunnel();
    this.#asked.request.socket.destroy();
  }

  stop(): void {
    if (this.#resolve === undefined) this.#gone?.();
    else if (this.#due !== undefined) this.#due();
    else this.cut();
  }

  /** What cannot be put on the wire breaks the call, never the process. */
  #start(reply: Reply, after: number): void {
    try {
      if (reply.body.kind === 'tunnel') return this.#answer.switch(reply);
      // At once, so that it does not depend on the time what of the bytes behind this request is taken for another.
      this.#settleFraming();
      if (after > 0) this.#writeLater(reply, after);
      else this.#answer.write(reply);
    } catch (error) {
      discard(reply.body, error instanceof Error ? error : new Error(String(error)));
      this.#how ??= 'upstreamBroke';
      this.#asked.request.socket.destroy();
    }
  }

  #writeLater(reply: Reply, after: number): void {
    const timer = setTimeout(() => this.#due?.(), after);
    this.#due = () => {
      clearTimeout(timer);
      this.#due = undefined;
      if (this.#how === undefined) this.#answer.write(reply);
    };
  }

  #settleFraming(): void {
    const { response, upgrade } = this.#asked;
    upgrade?.drop();
    if (this.#isLast()) {
      response.shouldKeepAlive = false;
      this.#connection.takeNoMore();
    }
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

  #over(how: End['how']): void {
    if (this.#how === undefined) {
      this.#how = how;
      if (how !== 'complete') this.#gone?.();
    }
    if (this.#how !== 'complete') this.#answer.stop();
    this.#due?.();
    this.#settle();
  }

  #settle(): void {
    if (this.#how === undefined || this.#resolve === undefined) return;
    const { bytesIn = this.body.bytes, bytesOut } = this.#answer;
    this.#resolve({ bytesIn, bytesOut, how: this.#how });
  }
}

function ignore(): void {
  // `close` follows, and says all that is to be known.
}
