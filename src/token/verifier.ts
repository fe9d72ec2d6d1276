import { hash } from 'node:crypto';
import {
  Refusal,
  type Emit,
  type IssuerEntry,
  type PresentedToken,
  type VerifiedToken,
  type VerifyToken,
} from '../call/index.ts';
import { systemClock, type Clock, type Secret } from '../lib/index.ts';
import { readClaims, type TokenClaims } from './claims.ts';
import { readCompact } from './compact.ts';
import { readHeader } from './header.ts';
import { Issuers, type Issuer } from './issuers.ts';
import { judgeToken, verifiedToken, type Judge } from './judge.ts';
import type { KeySet } from './key-set.ts';
import type { FetchKeys } from './published.ts';
import { RecentlySeen } from './recently-seen.ts';
import { UsedProofs } from './replay.ts';
import { verifySignature } from './signature.ts';
import { nameClaim } from './text-claim.ts';
import { judgeTimes } from './times.ts';

export interface VerifierOptions {
  readonly now?: Clock;
  /** Milliseconds that never step back; for the age of keys. */
  readonly elapsed?: Clock;
  readonly emit: Emit;
  /** The audience of tokens for us where the policy names none; asked for each call. */
  readonly ownSpiffeId: () => string;
  /** Where callers reach us; without it no DPoP proof is good. */
  readonly publicUrl: string | undefined;
  /** Whether issuers that are for development are believed. */
  readonly development: boolean;
  readonly fetchKeys: FetchKeys;
  /** Milliseconds that fetching keys may take. Default 5,000. */
  readonly fetchWithin?: number;
  /** Tokens whose signature is remembered at the most. Default 4,096. */
  readonly remembered?: number;
}

export interface IssuerHealth {
  /** As the policy calls it. */
  readonly name: string;
  /** Whether its tokens can be checked now. */
  readonly usable: boolean;
  /** When its keys were last seen, in milliseconds since the epoch. */
  readonly fetchedAt: number | undefined;
  /** What went wrong when they were looked at last; undefined if nothing did. */
  readonly fault: string | undefined;
}

/** A token that its issuer signed and that is valid now. */
export interface GenuineToken {
  readonly issuer: IssuerEntry;
  readonly claims: TokenClaims;
}

export interface TokenVerifier {
  readonly verify: VerifyToken;
  /**
   * What a genuine token says, for whoever exchanges it: held against no call, so audience, binding and presenter are
   * theirs to judge. Never rejects.
   */
  read(token: Secret, issuers: readonly IssuerEntry[]): Promise<GenuineToken | Refusal>;
  /** Forgets every signature that was found good; to be called when something was reloaded. */
  clear(): void;
  /** Looks at the keys of all of these anew. Resolves when that is done, well or badly. */
  refresh(issuers: readonly IssuerEntry[]): Promise<void>;
  /** Of each that is believed. Asking begins to fetch what is due: who asks every second has keys at hand. */
  health(issuers: readonly IssuerEntry[]): readonly IssuerHealth[];
  /** How many tokens are remembered. */
  readonly size: number;
  close(): void;
}

export function createVerifier(options: VerifierOptions): TokenVerifier {
  return new CachingVerifier(options);
}

/** A token whose signature was found good, and with which keys. Nothing else of it was judged. */
interface GoodToken {
  readonly issuer: Issuer;
  readonly keys: KeySet;
  readonly claims: TokenClaims;
  /** What is told of it when it was judged good. */
  readonly told: VerifiedToken;
}

class CachingVerifier implements TokenVerifier {
  readonly #issuers: Issuers;
  /** By the SHA-256 of the token: tokens themselves are not kept, and their whole texts would be slower keys. */
  readonly #good: RecentlySeen<GoodToken>;
  /** The same for texts that are at hand again as the same object: these need not be hashed. Keeps none of them. */
  #goodHere = new WeakMap<Secret, GoodToken>();
  readonly #judge: Judge;
  readonly #closed = new AbortController();

  constructor(options: VerifierOptions) {
    const { now = systemClock, elapsed = () => performance.now(), emit, fetchKeys } = options;
    this.#good = new RecentlySeen(options.remembered ?? 4096);
    const { ownSpiffeId, publicUrl } = options;
    this.#judge = { now, ownSpiffeId, proofs: { now, publicUrl, used: new UsedProofs() } };
    const changed = () => this.clear();
    const { signal: closed } = this.#closed;
    const within = options.fetchWithin ?? 5000;
    this.#issuers = new Issuers(
      { fetchKeys, elapsed, now, emit, changed, closed, within },
      options.development,
    );
  }

  readonly verify: VerifyToken = (presented) => {
    try {
      const answer = this.#verify(presented);
      return answer instanceof Promise ? answer.catch(refusalOf) : answer;
    } catch (error) {
      return refusalOf(error);
    }
  };

  /** The way of a token: is its signature good, and, on every call, may it be used for this one? @throws Refusal */
  #verify(presented: PresentedToken): VerifiedToken | Promise<VerifiedToken> {
    const { token, issuers } = presented;
    const here = this.#inForce(this.#goodHere.get(token), issuers);
    if (here !== undefined) return this.#judged(here, presented);
    const text = token.reveal();
    const digest = hash('sha256', text, 'binary');
    const known = this.#inForce(this.#good.get(digest), issuers);
    if (known === undefined)
      return this.#proveGood(text, digest, issuers).then((good) => this.#judged(good, presented));
    this.#goodHere.set(token, known);
    return this.#judged(known, presented);
  }

  async read(token: Secret, issuers: readonly IssuerEntry[]): Promise<GenuineToken | Refusal> {
    try {
      const text = token.reveal();
      const digest = hash('sha256', text, 'binary');
      const known = this.#inForce(this.#good.get(digest), issuers);
      const { issuer, claims } = known ?? (await this.#proveGood(text, digest, issuers));
      judgeTimes(claims.times, this.#judge.now());
      return { issuer: issuer.entry, claims };
    } catch (error) {
      return refusalOf(error);
    }
  }

  /** What was found before counts only for the entry and the keys that it was found with. */
  #inForce(known: GoodToken | undefined, issuers: readonly IssuerEntry[]): GoodToken | undefined {
    if (known === undefined) return undefined;
    const { issuer, keys } = known;
    const isInForce = this.#issuers.of(issuers).get(issuer.entry.issuer) === issuer;
    return isInForce && issuer.keys.atHand() === keys ? known : undefined;
  }

  /** Before the signature is found good, the token chooses its issuer's entry and a key of that, and nothing else. */
  async #proveGood(
    text: string,
    digest: string,
    issuers: readonly IssuerEntry[],
  ): Promise<GoodToken> {
    const { header, payload, signature } = readCompact(text, 'TOKEN_MALFORMED');
    const issuer = this.#issuers.pick(issuers, nameClaim(payload, 'iss'));
    const { alg, kid, typed } = readHeader(header, issuer.entry);
    const { keys, key } = await issuer.keys.find(alg, kid);
    await verifySignature(text, signature, { key, alg }, 'TOKEN_UNTRUSTED');
    const claims = readClaims(payload, issuer.entry, typed);
    const good = { issuer, keys, claims, told: verifiedToken(claims, issuer.entry) };
    this.#good.set(digest, good);
    return good;
  }

  #judged(
    { issuer, claims, told }: GoodToken,
    presented: PresentedToken,
  ): VerifiedToken | Promise<VerifiedToken> {
    const proof = judgeToken(claims, issuer.entry, presented, this.#judge);
    return proof === undefined ? told : proof.then(() => told);
  }

  clear(): void {
    this.#good.clear();
    this.#goodHere = new WeakMap();
  }

  async refresh(issuers: readonly IssuerEntry[]): Promise<void> {
    const all = [...this.#issuers.of(issuers).values()];
    await Promise.all(all.map(({ keys }) => keys.refresh()));
  }

  health(issuers: readonly IssuerEntry[]): readonly IssuerHealth[] {
    return [...this.#issuers.of(issuers).values()].map(({ entry, keys }) => ({
      name: entry.name,
      usable: keys.poll(),
      fetchedAt: keys.fetchedAt,
      fault: keys.fault,
    }));
  }

  get size(): number {
    return this.#good.size;
  }

  close(): void {
    this.#closed.abort();
    this.clear();
  }
}

/** What nobody foresaw is a refusal like any other, and says nothing of the token. */
function refusalOf(error: unknown): Refusal {
  return error instanceof Refusal
    ? error
    : new Refusal('INTERNAL', 'verifying a token failed', error);
}
