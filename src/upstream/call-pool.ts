import { Pool, type Dispatcher } from 'undici';
import { Refusal } from '../call/index.ts';
import type { Exchange, UpstreamRequest } from './exchange.ts';
import type { OpenLine } from './line.ts';
import { PendingExchange, type Home } from './pending-exchange.ts';

/** Times are milliseconds. */
export interface CallPoolOptions {
  readonly origin: string;
  /** For the operator: where it leads. */
  readonly shown: string;
  readonly openLine: OpenLine;
  /** Calls at the same time, tunnels included; one more is refused. */
  readonly maxConnections: number;
  /** From the end of the request to the whole head of the answer. */
  readonly headersTimeout: number;
  /** How long a connection may be idle, unless the other end says otherwise. */
  readonly idleTimeout: number;
  /** Bytes of the head of an answer. */
  readonly maxHeaderSize: number;
}

/** Calls to one target, each on a connection of its own. Nothing is retried but a GET or HEAD that met one just closed. */
export class CallPool implements Home {
  readonly #pool: Pool;
  readonly #shown: string;
  readonly #limit: number;
  readonly #open = new Set<PendingExchange>();
  #emptied: (() => void) | undefined = undefined;

  constructor(options: CallPoolOptions) {
    this.#pool = openPool(options);
    this.#shown = options.shown;
    this.#limit = options.maxConnections;
  }

  /** Calls that are under way now. */
  get open(): number {
    return this.#open.size;
  }

  /** @throws TypeError if the path does not begin with exactly one slash */
  send(request: UpstreamRequest): Exchange {
    return this.begin(request);
  }

  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    this.#pool.dispatch(options, handler);
  }

  over(exchange: PendingExchange): void {
    this.#open.delete(exchange);
    if (this.#open.size === 0) this.#emptied?.();
  }

  /** Waits until every open call has ended; new ones are refused. */
  async close(): Promise<void> {
    await this.#pool.close();
    // The pool does not know of tunnels any more.
    if (this.#open.size > 0) await new Promise<void>((resolve) => (this.#emptied = resolve));
  }

  /** Cuts every open call. */
  async destroy(reason: Error): Promise<void> {
    for (const exchange of this.#open) exchange.abort(reason);
    await this.#pool.destroy(reason);
  }

  protected begin(request: UpstreamRequest): PendingExchange {
    // `//host/path` is an authority to some readers.
    if (!request.path.startsWith('/') || request.path.startsWith('//'))
      throw new TypeError('the path of a call begins with exactly one slash');
    const exchange = new PendingExchange(request, this);
    if (this.#open.size >= this.#limit) {
      exchange.refuse(this.#full());
      return exchange;
    }
    this.#open.add(exchange);
    exchange.send();
    return exchange;
  }

  #full(): Refusal {
    const detail = `${this.#shown} has ${this.#limit} calls already, and takes no more`;
    return new Refusal('UPSTREAM_UNREACHABLE', detail);
  }
}

/** Plain undici: no interceptors, so no redirects, caches, retries or cookies; no HTTP/2; no pipelining. */
function openPool(options: CallPoolOptions): Pool {
  const { openLine } = options;
  return new Pool(options.origin, {
    connections: options.maxConnections,
    pipelining: 1,
    allowH2: false,
    strictContentLength: true,
    headersTimeout: options.headersTimeout,
    // A stream of events may be silent for hours.
    bodyTimeout: 0,
    keepAliveTimeout: options.idleTimeout,
    keepAliveMaxTimeout: 60_000,
    maxHeaderSize: options.maxHeaderSize,
    factory: (to, inherited) => openLine(to.origin, inherited),
  });
}
