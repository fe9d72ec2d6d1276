import { CallPool } from './call-pool.ts';
import type { Exchange, UpstreamRequest } from './exchange.ts';
import { lineFactory } from './line.ts';
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

class PooledUpstream extends CallPool implements Upstream {
  readonly target: UpstreamTarget;
  readonly authority: string;

  constructor(options: UpstreamOptions) {
    const { target, connectTimeout = 5000 } = options;
    super({
      origin: target.kind === 'unix' ? 'http://localhost' : showTarget(target),
      shown: showTarget(target),
      openLine: lineFactory(target, connectTimeout),
      maxConnections: options.maxConnections ?? 1000,
      headersTimeout: options.headersTimeout ?? 300_000,
      idleTimeout: options.idleTimeout ?? 4000,
      maxHeaderSize: options.maxHeaderSize ?? 32 * 1024,
    });
    this.target = target;
    this.authority = authorityOf(target);
  }
}
