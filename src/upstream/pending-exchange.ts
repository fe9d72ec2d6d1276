import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Dispatcher } from 'undici';
import { Refusal, readableSource, writableSink, type Reply } from '../call/index.ts';
import { AnswerBody } from './answer-body.ts';
import { readAnswerHead, readUpgradeHead, type AnswerHead } from './answer-head.ts';
import type { Exchange, UpstreamRequest } from './exchange.ts';
import { brokenAnswer, isBrokenSocket, malformed, refusalOf } from './failure.ts';
import type { Line, LineUser } from './line.ts';
import { RequestBody } from './request-body.ts';

type Controller = Dispatcher.DispatchController;

/** What an exchange needs of the upstream that it belongs to. */
export interface Home {
  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void;
  /** Called once, when nothing is left of the exchange. */
  over(exchange: PendingExchange): void;
}

/** A 102 or 103 now and then is proper; without end, they would keep the time limit of the head from ever coming. */
const MOST_INTERIM_ANSWERS = 100;

const ANSWERED = new Error('the agent has answered');

/** An exchange, as undici tells of it. */
export class PendingExchange implements Exchange, LineUser {
  line: Line | undefined = undefined;
  readonly reply: Promise<Reply>;
  readonly #request: UpstreamRequest;
  readonly #home: Home;
  readonly #body: RequestBody | undefined;
  readonly #resolve: (reply: Reply) => void;
  readonly #reject: (why: unknown) => void;
  #state: 'waiting' | 'answered' | 'over' = 'waiting';
  /** Whether undici still has it before it: then it takes up room, even if nobody wants it any more. */
  #queued = false;
  #controller: Controller | undefined = undefined;
  #socket: Socket | undefined = undefined;
  /** How much had been read on a connection with a past, when this call went out on it; -1 on a new one. */
  #readBefore = -1;
  #retried = false;
  #interimAnswers = 0;
  #untilClose = false;
  #answer: AnswerBody | undefined = undefined;
  #tunnel: Duplex | undefined = undefined;

  constructor(request: UpstreamRequest, home: Home) {
    this.#request = request;
    this.#home = home;
    const { promise, resolve, reject } = Promise.withResolvers<Reply>();
    this.reply = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    // Whoever aborts may have stopped waiting: that must not count as an unhandled rejection.
    promise.catch(() => undefined);
    if (request.body === undefined) return;
    const unsent = (): number => this.#socket?.writableLength ?? 0;
    this.#body = new RequestBody(request.body, (error) => this.abort(error), unsent);
  }

  get sent(): number {
    return this.#body?.taken ?? 0;
  }

  send(): void {
    const { method, path, upgrade } = this.#request;
    const headers = headerLines(this.#request);
    const body = this.#body ?? null;
    this.#queued = true;
    this.#home.dispatch({ method, path, headers, body, upgrade: upgrade ?? null }, this);
  }

  abort(reason: Error): void {
    if (this.#state === 'over') return;
    this.#conclude(reason);
    this.#controller?.abort(reason);
  }

  /** Ends it without an answer. */
  refuse(refusal: Refusal): void {
    this.#conclude(refusal);
    this.#controller?.abort(new Error(refusal.detail));
  }

  onRequestStart(controller: Controller): void {
    if (this.#state === 'over') return controller.abort(new Error('aborted before it was sent'));
    this.#queued = false;
    this.#controller = controller;
    const use = this.line?.use();
    this.#socket = use?.socket;
    this.#readBefore = use?.reused === true ? (use.socket?.bytesRead ?? -1) : -1;
  }

  onResponseStart(controller: Controller, status: number): void {
    if (this.#state !== 'waiting') return;
    if (status < 200) return this.#onInterimAnswer(status);
    const head = readAnswerHead(status, rawLines(controller));
    if (head instanceof Refusal) return this.refuse(head);
    this.#state = 'answered';
    this.#untilClose = head.untilClose;
    const unread = (): number => this.#socket?.readableLength ?? 0;
    if (!this.#isBodyless(status, head)) this.#answer = new AnswerBody(controller, unread);
    const body =
      this.#answer === undefined
        ? ({ kind: 'empty' } as const)
        : ({ kind: 'source', source: this.#answer } as const);
    this.#resolve({ status, headers: head.headers, body });
  }

  onResponseData(_controller: Controller, chunk: Uint8Array): void {
    this.#answer?.push(chunk);
  }

  onResponseEnd(): void {
    if (this.#state === 'over') return;
    // undici takes a reset for the end of an answer that has no other end: a truncated one would look complete.
    const reset = this.#untilClose ? this.#socket?.errored : undefined;
    if (reset instanceof Error) return this.#conclude(brokenAnswer(reset));
    this.#answer?.complete();
    this.#leave();
  }

  onResponseError(_controller: Controller | null, error: Error): void {
    const wasQueued = this.#queued;
    this.#queued = false;
    if (this.#state === 'over') return wasQueued ? this.#home.over(this) : undefined;
    if (this.#mayRetry(error)) return this.#retry();
    if (this.#state === 'answered') return this.#conclude(brokenAnswer(error));
    this.#conclude(refusalOf(error, this.#controller === undefined ? 'unsent' : 'sent'));
  }

  onRequestUpgrade(
    controller: Controller,
    status: number,
    _headers: unknown,
    socket: Duplex,
  ): void {
    const wanted = this.#request.upgrade;
    const headers =
      wanted === undefined || this.#state !== 'waiting'
        ? malformed('an upgrade that nobody asked for')
        : readUpgradeHead(wanted, rawLines(controller));
    if (headers instanceof Refusal) return this.refuse(headers);
    this.#state = 'answered';
    this.#tunnel = socket;
    socket.once('close', () => this.#leave());
    const tunnel = { source: readableSource(socket), sink: writableSink(socket) };
    this.#resolve({ status, headers, body: { kind: 'tunnel', tunnel } });
  }

  #onInterimAnswer(status: number): void {
    this.#interimAnswers += 1;
    if (status === 101) this.refuse(malformed('an upgrade that is none'));
    else if (this.#interimAnswers > MOST_INTERIM_ANSWERS)
      this.refuse(malformed('interim answers without end'));
  }

  #isBodyless(status: number, head: AnswerHead): boolean {
    return status === 204 || status === 304 || head.length === 0 || this.#request.method === 'HEAD';
  }

  /**
   * The agent may close an idle connection at the very moment at which we use it again. Then a call that changes nothing
   * is sent once more; of any other nobody can know whether it was carried out.
   */
  #mayRetry(error: Error): boolean {
    const { method, body, upgrade } = this.#request;
    if (this.#state !== 'waiting' || this.#retried || this.#readBefore < 0) return false;
    if (this.#socket?.bytesRead !== this.#readBefore || !isBrokenSocket(error)) return false;
    return (method === 'GET' || method === 'HEAD') && body === undefined && upgrade === undefined;
  }

  #retry(): void {
    this.#retried = true;
    this.#controller = undefined;
    // Not at once: undici is still clearing up after the connection.
    queueMicrotask(() => {
      if (this.#state === 'waiting') this.send();
    });
  }

  #conclude(why: Refusal | Error): void {
    if (this.#state === 'waiting') this.#reject(why);
    else if (why instanceof Error) {
      this.#answer?.fail(why);
      this.#tunnel?.destroy(why);
    }
    this.#leave(why instanceof Error ? why : new Error(why.detail));
  }

  #leave(why = ANSWERED): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    this.#body?.discard(why);
    if (!this.#queued) this.#home.over(this);
  }
}

function headerLines(request: UpstreamRequest): string[] {
  const lines: string[] = [];
  for (const [name, value] of request.headers) lines.push(name, value);
  if (request.body !== undefined && request.bodyLength !== undefined)
    lines.push('content-length', String(request.bodyLength));
  return lines;
}

function rawLines(controller: Controller): readonly unknown[] {
  const raw = controller.rawHeaders;
  if (!Array.isArray(raw)) throw new TypeError('undici gave no raw header lines');
  return raw;
}
