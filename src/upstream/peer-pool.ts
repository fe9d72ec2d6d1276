import type { VerifiedPeer } from '../call/index.ts';
import { CallPool } from './call-pool.ts';
import type { Exchange, UpstreamRequest } from './exchange.ts';
import { PeerLine, peerLines, type Dial, type StillGood } from './peer-line.ts';

/** Somebody else's server. */
export interface PeerPlace {
  /** An IPv6 address is without its brackets. */
  readonly host: string;
  readonly port: number;
}

export interface PeerPoolOptions {
  readonly place: PeerPlace;
  readonly dial: Dial;
  readonly stillGood: StillGood;
  /** Calls at the same time; one more is refused. */
  readonly maxConnections: number;
  /** Milliseconds from the end of the request to the whole head of the answer. Default 300 s: agents think long. */
  readonly headersTimeout?: number;
}

/** A call that is with a peer. */
export interface PeerExchange extends Exchange {
  /** Whom its connection leads to; undefined until there is one. */
  readonly peer: VerifiedPeer | undefined;
}

const IDLE = 4000;
const MAX_HEAD = 32 * 1024;

/** What `Host` says to the other end. */
export function peerAuthority({ host, port }: PeerPlace): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return port === 443 ? name : `${name}:${port}`;
}

/** Connections to one peer under one identity of ours. Every one was verified before its first call, and is before each. */
export class PeerPool extends CallPool {
  constructor({ place, dial, stillGood, maxConnections, headersTimeout }: PeerPoolOptions) {
    super({
      origin: `https://${peerAuthority(place)}`,
      shown: peerAuthority(place),
      openLine: peerLines(dial, stillGood),
      maxConnections,
      headersTimeout: headersTimeout ?? 300_000,
      idleTimeout: IDLE,
      maxHeaderSize: MAX_HEAD,
    });
  }

  override send(request: UpstreamRequest): PeerExchange {
    const exchange = this.begin(request);
    return {
      reply: exchange.reply,
      get sent() {
        return exchange.sent;
      },
      abort: (reason) => exchange.abort(reason),
      get peer() {
        return exchange.line instanceof PeerLine ? exchange.line.peer : undefined;
      },
    };
  }
}
