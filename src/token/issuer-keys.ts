import type { KeyObject } from 'node:crypto';
import { Refusal, type Emit, type IssuerKeys as Place } from '../call/index.ts';
import type { Clock } from '../lib/index.ts';
import { KeySet, KeysFault } from './key-set.ts';
import { readPublished, type FetchKeys } from './published.ts';

/** What keys need of the world outside. */
export interface KeysContext {
  readonly fetchKeys: FetchKeys;
  /** Milliseconds that never step back. */
  readonly elapsed: Clock;
  readonly now: Clock;
  readonly emit: Emit;
  /** Called when other keys are in force than before. */
  readonly changed: () => void;
  readonly closed: AbortSignal;
  /** Milliseconds that fetching may take. */
  readonly within: number;
}

/** How often is looked, in milliseconds. */
interface Pace {
  /** Keys are this old at the most before they are looked at anew. */
  readonly refresh: number;
  /** From one try to the next, while there are keys: after a failure, or for a key that nobody knows. */
  readonly again: number;
  /** The same while there are none. */
  readonly empty: number;
}

const PACES: Readonly<Record<Place['kind'], Pace>> = {
  url: { refresh: 600_000, again: 30_000, empty: 5_000 },
  file: { refresh: 2_000, again: 2_000, empty: 2_000 },
};
/** How long keys that cannot be looked at anew are still believed, in milliseconds. */
const KEPT = 3_600_000;

/**
 * The keys that an issuer published, kept fresh while they are used. However many tokens with invented key names come,
 * and whatever the server does, there is one try at a time, and none too soon after the last.
 */
export class IssuerKeys {
  readonly #place: Place;
  readonly #context: KeysContext;
  readonly #pace: Pace;
  #set: KeySet | undefined;
  #bytes: Uint8Array | undefined;
  /** By `elapsed`: when the last try began, and the last that succeeded. */
  #triedAt = -Infinity;
  #goodAt = -Infinity;
  #running: Promise<void> | undefined;
  #fault: string | undefined;
  /** By the clock, for people. */
  #fetchedAt: number | undefined;

  constructor(place: Place, context: KeysContext) {
    this.#place = place;
    this.#context = context;
    this.#pace = PACES[place.kind];
  }

  /** When they were last seen, in milliseconds since the epoch. */
  get fetchedAt(): number | undefined {
    return this.#fetchedAt;
  }

  /** What went wrong the last time, or undefined. */
  get fault(): string | undefined {
    return this.#fault;
  }

  /**
   * The keys in force; undefined if there are none, or a file must be looked at first. Begins to fetch keys that are due
   * while the old ones serve on.
   */
  atHand(): KeySet | undefined {
    if (!this.#isDue()) return this.#set;
    if (this.#place.kind === 'file' && this.#isTimeFor(this.#pace.again)) return undefined;
    void this.#lookAgain();
    return this.#usable();
  }

  /** Whether tokens can be checked now. Begins to look at keys that are due. */
  poll(): boolean {
    if (this.#isDue()) void this.#lookAgain();
    return this.#usable() !== undefined;
  }

  /** The key that can have signed. @throws Refusal ISSUER_UNAVAILABLE or TOKEN_UNTRUSTED */
  async find(alg: string, kid: string | undefined): Promise<{ keys: KeySet; key: KeyObject }> {
    const keys = this.atHand() ?? (await this.#awaited());
    const key = keys.find(alg, kid);
    if (typeof key !== 'string') return { keys, key };
    // It may have been published a moment ago.
    await this.refresh(this.#pace.again);
    const newer = this.#set ?? keys;
    const found = newer.find(alg, kid);
    if (typeof found === 'string') throw new Refusal('TOKEN_UNTRUSTED', found);
    return { keys: newer, key: found };
  }

  /** Looks anew, or waits for a look that is under way. Does nothing if the last began less than `least` ms ago. */
  async refresh(least = 0): Promise<void> {
    if (this.#running === undefined && this.#isTimeFor(least))
      this.#running = this.#load().finally(() => (this.#running = undefined));
    await this.#running;
  }

  async #awaited(): Promise<KeySet> {
    await this.#lookAgain();
    const keys = this.#usable();
    if (keys !== undefined) return keys;
    throw new Refusal('ISSUER_UNAVAILABLE', this.#fault ?? 'its keys were not fetched yet');
  }

  #lookAgain(): Promise<void> {
    return this.refresh(this.#usable() === undefined ? this.#pace.empty : this.#pace.again);
  }

  #usable(): KeySet | undefined {
    return this.#context.elapsed() - this.#goodAt < KEPT ? this.#set : undefined;
  }

  #isDue(): boolean {
    return this.#context.elapsed() - this.#goodAt >= this.#pace.refresh;
  }

  #isTimeFor(least: number): boolean {
    return this.#context.elapsed() - this.#triedAt >= least;
  }

  async #load(): Promise<void> {
    const { elapsed, now, fetchKeys, within, closed } = this.#context;
    const began = elapsed();
    this.#triedAt = began;
    try {
      const bytes = await readPublished(this.#place, fetchKeys, { within, closed });
      this.#take(bytes);
      this.#goodAt = began;
      this.#fetchedAt = now();
      this.#tell(undefined);
    } catch (error) {
      this.#tell(reasonOf(error));
    }
  }

  /** The same keys as before stay the same object, so that what they have verified stays verified. */
  #take(bytes: Uint8Array): void {
    if (this.#bytes !== undefined && Buffer.compare(this.#bytes, bytes) === 0) return;
    this.#set = KeySet.parse(bytes);
    this.#bytes = bytes;
    this.#context.changed();
  }

  /** Once when it begins and once when it ends, however many tries there are between. */
  #tell(fault: string | undefined): void {
    const before = this.#fault;
    this.#fault = fault;
    if ((before === undefined) === (fault === undefined)) return;
    const where = this.#place.kind === 'url' ? this.#place.url : this.#place.path;
    this.#context.emit(
      fault === undefined
        ? { kind: 'log', level: 'info', message: `the keys at ${where} are at hand again` }
        : { kind: 'log', level: 'warn', message: `the keys at ${where} cannot be had: ${fault}` },
    );
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof KeysFault) return error.message;
  if (error instanceof Refusal) return `${error.code}: ${error.detail}`;
  if (!(error instanceof Error)) return 'unknown';
  return 'code' in error ? `${error.message} (${String(error.code)})` : error.message;
}
