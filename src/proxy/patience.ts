/** How long a caller is waited for. */
export interface PatienceOptions {
  /** Milliseconds without a byte. */
  readonly within: number;
  /** Bytes that buy back one second. */
  readonly rate: number;
}

/**
 * Waits for somebody who owes bytes. Waiting uses it up, bytes give it back, and who owes nothing has all of it again:
 * a byte now and then does not hold a place for ever, and a stream that keeps to the rate may take for ever.
 */
export class Patience {
  readonly #options: PatienceOptions;
  #left: number;
  #seen: number | undefined;

  constructor(options: PatienceOptions) {
    this.#options = options;
    this.#left = options.within;
  }

  /**
   * Whether it has run out. `bytes` counts upwards what has come so far, undefined while nothing is owed; `elapsed` is
   * milliseconds since the last look, of which only those count at whose both ends something was owed.
   */
  hasRunOut(bytes: number | undefined, elapsed: number): boolean {
    const { within, rate } = this.#options;
    const since = this.#seen;
    this.#seen = bytes;
    if (bytes === undefined) this.#left = within;
    if (bytes === undefined || since === undefined) return false;
    const bought = ((bytes - since) * 1000) / rate;
    this.#left = Math.min(within, this.#left + bought - elapsed);
    return this.#left <= 0;
  }
}
