/**
 * A value that is built whole, then swapped in one step. Readers ask for `current` when they use it and never keep it
 * longer than one call.
 */
export class Reloadable<T> {
  #current: T;
  readonly #listeners = new Set<(value: T) => void>();

  constructor(initial: T) {
    this.#current = initial;
  }

  get current(): T {
    return this.#current;
  }

  swap(next: T): void {
    this.#current = next;
    for (const listener of this.#listeners) listener(next);
  }

  onSwap(listener: (value: T) => void): void {
    this.#listeners.add(listener);
  }
}
