import type { SourcePosition } from '../lib/index.ts';
import type { OutboundRecord } from './outbound-record.ts';
import type { CallRecord, ConnectionRecord } from './record.ts';

/** What `sidegate why` knows of one call or refused connection: plain data, without the call and its headers. */
export interface RecentEntry {
  readonly record: CallRecord | OutboundRecord | ConnectionRecord;
  /** Milliseconds since the epoch, when it was over. */
  readonly endedAt: number;
  /** The line that decided, or the nearest one. */
  readonly rule: SourcePosition | undefined;
  readonly agent: SourcePosition | undefined;
  readonly missingScopes: readonly string[];
}

export type Lookup =
  | { readonly kind: 'found'; readonly entry: RecentEntry }
  | { readonly kind: 'ambiguous'; readonly ids: readonly string[] }
  | { readonly kind: 'none' };

export interface RecentLimits {
  /** Entries of each kind: of allowed calls, of denied or failed ones, of refused connections. */
  readonly cap: number;
  /** Milliseconds. */
  readonly age: number;
}

const SHORTEST_PREFIX = 4;

/**
 * The last calls. Each kind has a ring of its own, so that neither a busy agent nor a port scanner can wash out the
 * denial that somebody is looking for.
 */
export class Recent {
  readonly #allowed: Ring;
  readonly #denied: Ring;
  readonly #refused: Ring;
  readonly #age: number;
  readonly #now: () => number;

  constructor(limits: RecentLimits, now: () => number) {
    this.#allowed = new Ring(limits.cap);
    this.#denied = new Ring(limits.cap);
    this.#refused = new Ring(limits.cap);
    this.#age = limits.age;
    this.#now = now;
  }

  add(entry: RecentEntry): void {
    this.#ringOf(entry).add(entry);
  }

  /** By whole ID, by a prefix of at least four characters that only one has, `last`, or `last-denial`. */
  find(wanted: string): Lookup {
    if (wanted === 'last')
      return newest([this.#allowed, this.#denied, this.#refused], this.#since());
    if (wanted === 'last-denial') return newest([this.#denied, this.#refused], this.#since());
    if (wanted.length < SHORTEST_PREFIX) return { kind: 'none' };
    const found = this.list().filter((entry) => entry.record.id.startsWith(wanted));
    const [entry, another] = found;
    if (entry === undefined) return { kind: 'none' };
    if (another === undefined) return { kind: 'found', entry };
    return { kind: 'ambiguous', ids: found.map(({ record }) => record.id) };
  }

  /** Everything still remembered, newest first. */
  list(): RecentEntry[] {
    const since = this.#since();
    return [this.#allowed, this.#denied, this.#refused]
      .flatMap((ring) => ring.entries())
      .filter((entry) => entry.endedAt > since)
      .sort((a, b) => b.endedAt - a.endedAt);
  }

  #since(): number {
    return this.#now() - this.#age;
  }

  #ringOf({ record }: RecentEntry): Ring {
    if (record.event === 'refused-connection') return this.#refused;
    return record.code === 'OK' ? this.#allowed : this.#denied;
  }
}

function newest(rings: readonly Ring[], since: number): Lookup {
  const entry = rings
    .flatMap((ring) => ring.newest ?? [])
    .reduce<RecentEntry | undefined>(
      (best, one) => (best === undefined || one.endedAt > best.endedAt ? one : best),
      undefined,
    );
  return entry === undefined || entry.endedAt <= since
    ? { kind: 'none' }
    : { kind: 'found', entry };
}

/** An array that overwrites its oldest entry; adding costs one write, whatever its size. */
class Ring {
  readonly #slots: RecentEntry[] = [];
  readonly #cap: number;
  #next = 0;

  constructor(cap: number) {
    this.#cap = cap;
  }

  get newest(): RecentEntry | undefined {
    return this.#slots[(this.#next + this.#cap - 1) % this.#cap];
  }

  add(entry: RecentEntry): void {
    this.#slots[this.#next] = entry;
    this.#next = (this.#next + 1) % this.#cap;
  }

  entries(): readonly RecentEntry[] {
    return this.#slots;
  }
}
