import type { VerifiedPeer } from '../call/index.ts';
import type { SpiffeId } from '../spiffe/index.ts';
import type { Dialer, Identity } from '../tls/index.ts';
import { PeerPool, peerAuthority, type PeerPlace, type StillGood } from '../upstream/index.ts';

/** A server, and what it must show. */
export interface Server extends PeerPlace {
  readonly spiffeId: SpiffeId | undefined;
}

export interface PoolParts {
  readonly dialer: Dialer;
  readonly stillGood: StillGood;
  /** Calls at a time to one server. */
  readonly calls: number;
  /** Milliseconds until an answer begins; the default is the pool's. */
  readonly headersTimeout?: number;
}

/** A pool that is closed when it is retired and its last user has let go of it. */
export class SharedPool {
  readonly pool: PeerPool;
  readonly key: string;
  #users = 0;
  #retired = false;

  constructor(server: Server, identity: Identity, parts: PoolParts) {
    const { host, port, spiffeId } = server;
    const { dialer, stillGood, calls, headersTimeout } = parts;
    this.key = keyOf(server);
    this.pool = new PeerPool({
      place: { host, port },
      dial: (done) => dialer({ host, port, spiffeId, identity }, done),
      stillGood: (peer: VerifiedPeer) => stillGood(peer),
      maxConnections: calls,
      ...(headersTimeout === undefined ? {} : { headersTimeout }),
    });
  }

  get isIdle(): boolean {
    return this.#users === 0;
  }

  take(): void {
    this.#users += 1;
  }

  release(): void {
    this.#users -= 1;
    this.#closeIfDone();
  }

  retire(): void {
    this.#retired = true;
    this.#closeIfDone();
  }

  #closeIfDone(): void {
    if (this.#retired && this.isIdle) void this.pool.destroy(new Error('it is not used any more'));
  }
}

/** What makes a connection to one server good for another. */
export function keyOf(server: Server): string {
  return `${server.spiffeId?.toString() ?? ''} ${peerAuthority(server)}`;
}
