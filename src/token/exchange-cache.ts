import { createHash } from 'node:crypto';
import type { Clock, Secret } from '../lib/index.ts';
import type { GrantedToken, TokenWish } from './exchange.ts';

export interface TokenCacheOptions {
  /** Asks the token service. Rejects with a Refusal. */
  readonly ask: (wish: TokenWish) => Promise<GrantedToken>;
  readonly now: Clock;
  /** Milliseconds on a clock that only goes forward. */
  readonly tick: Clock;
  /** Tokens that are kept at the most. Default 5,000. */
  readonly cap?: number;
}

/** Milliseconds: what is left of a token's life must do for the call that it is for, and for clocks that differ. */
const SKEW = 10_000;
const MAX_AGE = 60 * 60_000;
const CAP = 5000;

interface Cached {
  readonly token: Secret;
  /** On the clock that only goes forward; a lifetime is no date. */
  readonly staleAt: number;
  /** Since the epoch. */
  readonly until: number;
}

/**
 * The tokens that one identity of ours got, for the calls that follow. Two calls that ask for the same at once ask
 * once. A subject is its token, or its grant: whoever shows another one gets another one, though it be of the same person.
 */
export class TokenCache {
  readonly #options: TokenCacheOptions;
  readonly #kept = new Map<string, Cached>();
  readonly #asked = new Map<string, Promise<Secret>>();

  constructor(options: TokenCacheOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#kept.size;
  }

  /**
   * `until`: when our certificate, or the subject's token, ends; no token outlives that, in milliseconds since the epoch.
   * Rejects as `ask` does.
   */
  get(wish: TokenWish, until: number): Promise<Secret> {
    const key = keyOf(wish);
    const kept = this.#fresh(key);
    if (kept !== undefined) return Promise.resolve(kept);
    const asked = this.#asked.get(key) ?? this.#ask(key, wish, until);
    this.#asked.set(key, asked);
    return asked;
  }

  #fresh(key: string): Secret | undefined {
    const { now, tick } = this.#options;
    const kept = this.#kept.get(key);
    if (kept === undefined) return undefined;
    if (tick() < kept.staleAt && now() < kept.until) return kept.token;
    this.#kept.delete(key);
    return undefined;
  }

  async #ask(key: string, wish: TokenWish, until: number): Promise<Secret> {
    const { ask, tick } = this.#options;
    const began = tick();
    try {
      const { token, lifetime } = await ask(wish);
      const staleAt = began + Math.min(lifetime - SKEW, MAX_AGE);
      this.#keep(key, { token, staleAt, until });
      return token;
    } finally {
      this.#asked.delete(key);
    }
  }

  #keep(key: string, cached: Cached): void {
    const { cap = CAP, tick } = this.#options;
    if (cached.staleAt <= tick()) return;
    this.#kept.delete(key);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size < cap) break;
      this.#kept.delete(oldest);
    }
    this.#kept.set(key, cached);
  }
}

/** Lists of texts, so that no text can pass for two, and no grant for a token; that only as its hash. */
function keyOf({ clientId, audience, scopes, subjectToken, taskGrant }: TokenWish): string {
  const token =
    subjectToken === undefined
      ? []
      : [createHash('sha256').update(subjectToken.reveal()).digest('base64url')];
  const grant = taskGrant === undefined ? [] : [taskGrant];
  return JSON.stringify([clientId, audience, scopes.toSorted(), token, grant]);
}
