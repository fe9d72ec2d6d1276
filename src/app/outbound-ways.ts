import { Refusal, type PeerEntry } from '../call/index.ts';
import type { Config } from '../config/index.ts';
import type { Clock, Reloadable } from '../lib/index.ts';
import type { PeerWay, TokenSubject } from '../proxy/index.ts';
import type { Dialer, Identity, Trust } from '../tls/index.ts';
import { TokenCache, type GrantedToken, type TokenWish } from '../token/index.ts';
import { peerAuthority, type StillGood } from '../upstream/index.ts';
import { SharedPool, keyOf } from './outbound-pools.ts';
import { AskedService } from './outbound-service.ts';
import type { TaskService } from './outbound-tasks.ts';
import type { ServiceReach } from './reach.ts';

export interface WaysParts {
  readonly identity: Reloadable<Identity>;
  readonly trust: Reloadable<Trust>;
  readonly tokenService: Config['tokenService'];
  readonly reach: ServiceReach;
  readonly dialer: Dialer;
  readonly stillGood: StillGood;
  /** Calls at a time. */
  readonly calls: number;
  readonly now: Clock;
}

/**
 * The ways to the peers. Connections and tokens of one certificate, under one trust, are a set of their own: a token that
 * is bound to one certificate is never sent over a connection that shows another. With a new one a new set begins, and
 * the old ends with the calls that go by it.
 */
export class Ways {
  readonly #parts: WaysParts;
  #current: Generation;

  constructor(parts: WaysParts) {
    this.#parts = parts;
    this.#current = new Generation(parts, parts.identity.current);
    parts.identity.onSwap(() => this.#turn());
    parts.trust.onSwap(() => this.#turn());
  }

  readonly to = (peer: PeerEntry): PeerWay => this.#current.to(peer);

  /** Undefined where the configuration names no token service. */
  get service(): TaskService | undefined {
    return this.#current.service;
  }

  /** Lets go of connections to peers of which the policy says no longer what it said. */
  prune(peerNamed: (name: string) => PeerEntry | undefined): void {
    this.#current.prune(peerNamed);
  }

  /** Calls must have ended: what is still open has nobody left. */
  close(): void {
    this.#current.retire();
  }

  #turn(): void {
    const old = this.#current;
    this.#current = new Generation(this.#parts, this.#parts.identity.current);
    old.retire();
  }
}

/** What there is under one certificate of ours. */
class Generation {
  readonly service: AskedService | undefined;
  readonly #parts: WaysParts;
  readonly #identity: Identity;
  readonly #tokens: TokenCache;
  /** By the peer's name. */
  readonly #peers = new Map<string, SharedPool>();

  constructor(parts: WaysParts, identity: Identity) {
    this.#parts = parts;
    this.#identity = identity;
    const { tokenService } = parts;
    this.service = tokenService && new AskedService(tokenService, identity, parts);
    this.#tokens = new TokenCache({
      ask: async (wish) => this.#ask(wish),
      now: parts.now,
      tick: () => performance.now(),
    });
  }

  to(peer: PeerEntry): PeerWay {
    const shared = this.#poolOf(peer);
    const service = peer.authority === 'none' ? undefined : this.service;
    shared.take();
    service?.take();
    const { notAfter } = this.#identity;
    return {
      until: notAfter,
      authority: peerAuthority(peer),
      token: (subject) => {
        const until = Math.min(notAfter, subject?.until ?? Infinity);
        return this.#tokens.get(this.#wish(peer, subject), until);
      },
      send: (request) => shared.pool.send(request),
      release: () => {
        shared.release();
        service?.release();
      },
    };
  }

  prune(peerNamed: (name: string) => PeerEntry | undefined): void {
    for (const [name, shared] of this.#peers) {
      const peer = peerNamed(name);
      if (peer === undefined || keyOf(peer) !== shared.key) this.#drop(name, shared);
    }
  }

  retire(): void {
    for (const [name, shared] of this.#peers) this.#drop(name, shared);
    this.service?.retire();
  }

  #wish({ audience, scopes }: PeerEntry, subject: TokenSubject | undefined): TokenWish {
    const wish = { clientId: this.#identity.spiffeId.toString(), audience, scopes };
    if (subject !== undefined && 'taskGrant' in subject)
      return { ...wish, subjectToken: undefined, taskGrant: subject.taskGrant };
    return { ...wish, subjectToken: subject?.token };
  }

  #poolOf(peer: PeerEntry): SharedPool {
    const known = this.#peers.get(peer.name);
    if (known?.key === keyOf(peer)) return known;
    // A call may have been decided by the policy before this one: the name leads where that says.
    if (known !== undefined) this.#drop(peer.name, known);
    const made = new SharedPool(peer, this.#identity, this.#parts);
    this.#peers.set(peer.name, made);
    return made;
  }

  #drop(name: string, shared: SharedPool): void {
    this.#peers.delete(name);
    shared.retire();
  }

  /** @throws Refusal TOKEN_SERVICE_UNAVAILABLE if none is configured */
  #ask(wish: TokenWish): Promise<GrantedToken> {
    if (this.service !== undefined) return this.service.token(wish);
    throw new Refusal('TOKEN_SERVICE_UNAVAILABLE', "sidegate.yaml names no 'tokenService'");
  }
}
