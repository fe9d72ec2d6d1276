import type { Clock } from './clock.ts';

interface Entry<V> {
  readonly value: V;
  readonly expires: number;
}

/**
 * A map for keys that a caller chooses: never more than `cap` entries (the one set longest ago goes first), none older
 * than `age` milliseconds.
 */
export class BoundedMap<K, V> {
  readonly #entries = new Map<K, Entry<V>>();
  readonly #cap: number;
  readonly #age: number;
  readonly #now: Clock;

  constructor(limits: { cap: number; age: number }, now: Clock) {
    if (limits.cap < 1 || limits.age <= 0)
      throw new TypeError('a bounded map needs a cap and an age');
    this.#cap = limits.cap;
    this.#age = limits.age;
    this.#now = now;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: K): V | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (entry.expires > this.#now()) return entry.value;
    this.#entries.delete(key);
    return undefined;
  }

  set(key: K, value: V): void {
    this.#entries.delete(key);
    if (this.#entries.size >= this.#cap) this.#evict();
    this.#entries.set(key, { value, expires: this.#now() + this.#age });
  }

  delete(key: K): void {
    this.#entries.delete(key);
  }

  /** Newest first; what is too old is left out. */
  *values(): Generator<V> {
    const now = this.#now();
    for (const entry of [...this.#entries.values()].reverse()) {
      if (entry.expires > now) yield entry.value;
    }
  }

  #evict(): void {
    const oldest = this.#entries.keys().next();
    if (oldest.done !== true) this.#entries.delete(oldest.value);
  }
}
