/** So many a second; what is over it is counted, so that it can be told of in one line. */
export class Allowance {
  readonly #perSecond: number;
  readonly #now: () => number;
  #second = 0;
  #taken = 0;
  #withheld = 0;

  constructor(perSecond: number, now: () => number) {
    this.#perSecond = perSecond;
    this.#now = now;
  }

  take(): boolean {
    const second = Math.floor(this.#now() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#taken = 0;
    }
    if (this.#taken >= this.#perSecond) {
      this.#withheld += 1;
      return false;
    }
    this.#taken += 1;
    return true;
  }

  /** How many were not let through since this was last asked. */
  withheld(): number {
    const count = this.#withheld;
    this.#withheld = 0;
    return count;
  }
}
