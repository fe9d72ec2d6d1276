import { Pool, type Dispatcher } from 'undici';
import { Refusal } from '../call/index.ts';
import type { Exchange, UpstreamRequest } from './exchange.ts';
import { lineFactory } from './line.ts';
import { PendingExchange, type Home } from './pending-exchange.ts';
import { authorityOf, showTarget, type UpstreamTarget } from './target.ts';

/** Times are milliseconds. */
export interface UpstreamOptions {
  readonly target: UpstreamTarget;
  /** Default 5 s. */
  readonly connectTimeout?: number;
  /** From the end of the request to the whole head of the answer. Default 300 s: agents think long. */
  readonly headersTimeout?: number;
  /** How long a connection may be idle, unless the agent says otherwise. Default 4 s: common servers close after 5. */
  readonly idleTimeout?: number;
  /** Calls with the agent at the same time, tunnels included; one more is refused. Default 1000. */
  readonly maxConnections?: number;
  /** Bytes of the head of an answer. Default 32 KiB. */
  readonly maxHeaderSize?: number;
}

/** The agent behind this sidecar. Nothing is retried but a GET or HEAD that met a connection just closed. */
export interface Upstream {
  readonly target: UpstreamTarget;
  /** What the agent is to see as `host`. */
  readonly authority: string;
  /** Calls that are with the agent now. */
  readonly open: number;
  /** @throws TypeError if the path does not begin with exactly one slash */
  send(request: UpstreamRequest): Exchange;
  /** Waits until every open call has ended; new ones are refused. */
  close(): Promise<void>;
  /** Cuts every open call. */
  destroy(reason: Error): Promise<void>;
}

export function createUpstream(options: UpstreamOptions): Upstream {
  return new PooledUpstream(options);
}

class PooledUpstream implements Upstream, Home {
  readonly target: UpstreamTarget;
  readonly authority: string;
  readonly #pool: Pool;
  readonly #limit: number;
  readonly #open = new Set<PendingExchange>();
  #emptied: (() => void) | undefined = undefined;

  constructor(options: UpstreamOptions) {
    this.target = options.target;
    this.authority = authorityOf(options.target);
    this.#limit = options.maxConnections ?? 1000;
    this.#pool = openPool(options, this.#limit);
  }

  get open(): number {
    return this.#open.size;
  }

  send(request: UpstreamRequest): Exchange {
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

  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    this.#pool.dispatch(options, handler);
  }

  over(exchange: PendingExchange): void {
    this.#open.delete(exchange);
    if (this.#open.size === 0) this.#emptied?.();
  }

  async close(): Promise<void> {
    await this.#pool.close();
    // The pool does not know of tunnels any more.
    if (this.#open.size > 0) await new Promise<void>((resolve) => (this.#emptied = resolve));
  }

  async destroy(reason: Error): Promise<void> {
    for (const exchange of this.#open) exchange.abort(reason);
    await this.#pool.destroy(reason);
  }

  #full(): Refusal {
    const detail = `${showTarget(this.target)} has ${this.#limit} calls already, and takes no more`;
    return new Refusal('UPSTREAM_UNREACHABLE', detail);
  }
}

/** Plain undici: no interceptors, so no redirects, caches, retries or cookies; no HTTP/2; no pipelining. */
function openPool(options: UpstreamOptions, connections: number): Pool {
  const { target, connectTimeout = 5000 } = options;
  const origin = target.kind === 'unix' ? 'http://localhost' : showTarget(target);
  const openLine = lineFactory(target, connectTimeout);
  return new Pool(origin, {
    connections,
    pipelining: 1,
    allowH2: false,
    strictContentLength: true,
    headersTimeout: options.headersTimeout ?? 300_000,
    // A stream of events may be silent for hours.
    bodyTimeout: 0,
    keepAliveTimeout: options.idleTimeout ?? 4000,
    keepAliveMaxTimeout: 60_000,
    maxHeaderSize: options.maxHeaderSize ?? 32 * 1024,
    factory: (to, inherited) => openLine(to.origin, inherited),
  });
}
