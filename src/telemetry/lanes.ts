/** Room for waiting lines of one kind, and the most of it that one caller may take. In characters. */
export interface LaneBounds {
  readonly room: number;
  readonly perCaller: number;
}

/** The waiting lines of one kind, counted: what is of another kind can never push them out. */
export class Lane {
  readonly #bounds: LaneBounds;
  readonly #callers = new Map<string, number>();
  #held = 0;

  constructor(bounds: LaneBounds) {
    this.#bounds = bounds;
  }

  get held(): number {
    return this.#held;
  }

  /** Takes room for a line until it is written. False if there is none, or if its caller has its whole share already. */
  take(length: number, caller: string | undefined): boolean {
    const { room, perCaller } = this.#bounds;
    if (this.#held + length > room) return false;
    if (caller !== undefined) {
      const share = (this.#callers.get(caller) ?? 0) + length;
      if (share > perCaller) return false;
      this.#callers.set(caller, share);
    }
    this.#held += length;
    return true;
  }

  release(length: number, caller: string | undefined): void {
    this.#held -= length;
    if (caller === undefined) return;
    const left = (this.#callers.get(caller) ?? 0) - length;
    if (left > 0) this.#callers.set(caller, left);
    else this.#callers.delete(caller);
  }
}
