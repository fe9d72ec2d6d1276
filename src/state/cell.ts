/** A token bucket's parameters, as a route gives them. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** What is remembered of one agent on one route. Times are milliseconds that only grow. */
export class Cell {
  /** Calls that are open now. */
  open = 0;
  #tokens: number;
  #at: number;
  #rate: Rate | undefined;

  constructor(rate: Rate | undefined, at: number) {
    this.#rate = rate;
    this.#tokens = rate?.burst ?? 0;
    this.#at = at;
  }

  /** Takes one token, if there is one. A rate that a reload changed counts from now on. */
  take(rate: Rate, at: number): boolean {
    this.#refill(rate, at);
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  /** Whether a new cell would be no different, so that this one may be forgotten. */
  isFresh(at: number): boolean {
    if (this.open > 0) return false;
    if (this.#rate === undefined) return true;
    this.#refill(this.#rate, at);
    return this.#tokens >= this.#rate.burst;
  }

  #refill(rate: Rate, at: number): void {
    const gained = ((at - this.#at) * (this.#rate?.perSecond ?? rate.perSecond)) / 1000;
    const held = this.#rate === undefined ? rate.burst : this.#tokens + gained;
    this.#tokens = Math.min(rate.burst, held);
    this.#at = at;
    this.#rate = rate;
  }
}
