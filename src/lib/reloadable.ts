/**
 * A value that is built whole, then swapped in one step. Readers ask for `current` when they use it and never keep it
 * longer than one call.
 */
export class Reloadable<T> {
  #current: T;
  #generation = 1;
  readonly #listeners = new Set<(value: T) => void>();

  constructor(initial: T) {
    this.#current = initial;
  }

  get current(): T {
    return this.#current;
  }

  /** Grows by one with every swap; starts at 1. */
  get generation(): number {
    return this.#generation;
  }

  swap(next: T): void {
    this.#current = next;
    this.#generation += 1;
    for (const listener of this.#listeners) listener(next);
  }

  onSwap(listener: (value: T) => void): void {
    this.#listeners.add(listener);
  }
}
