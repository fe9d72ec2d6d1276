/** What one IP address may have, so that whoever opens many handshakes keeps out itself and not everybody. */
export interface AddressLimits {
  /** Handshakes under way at a time; as many may begin at once after a rest. */
  readonly perAddress: number;
  /** Handshakes that may begin a second. */
  readonly rate: number;
}

/** The connections of one IP address that wait for their handshake, in order, and those whose handshake is under way. */
export class AddressLine<T> {
  readonly waiting = new Set<T>();
  readonly underWay = new Set<T>();
  readonly #limits: AddressLimits;
  #left: number;
  #at: number;

  /** `now` is milliseconds that only grow, here and below. */
  constructor(limits: AddressLimits, now: number) {
    this.#limits = limits;
    this.#left = limits.perAddress;
    this.#at = now;
  }

  /** Whether nobody is in it, so that it may be forgotten: then but a rate is forgotten, and the turns bound that. */
  get isEmpty(): boolean {
    return this.waiting.size === 0 && this.underWay.size === 0;
  }

  /** Whether the rate allows one more to begin. */
  mayBegin(now: number): boolean {
    const { perAddress, rate } = this.#limits;
    this.#left = Math.min(perAddress, this.#left + ((now - this.#at) * rate) / 1000);
    this.#at = now;
    return this.#left >= 1;
  }

  /** Counts the first of those that wait as begun. */
  begin(): T | undefined {
    const [first] = this.waiting;
    if (first === undefined) return undefined;
    this.waiting.delete(first);
    this.underWay.add(first);
    this.#left -= 1;
    return first;
  }
}

/** Addresses of which it is remembered how often they began. */
const REMEMBERED = 4096;
const SWEEP = 32;

/** The line of each address that has any connection, and of those that lately had. */
export class AddressLines<T> {
  readonly #limits: AddressLimits;
  readonly #lines = new Map<string, AddressLine<T>>();

  constructor(limits: AddressLimits) {
    this.#limits = limits;
  }

  of(ip: string, now: number): AddressLine<T> {
    const known = this.#lines.get(ip);
    if (known !== undefined) return known;
    if (this.#lines.size >= REMEMBERED) this.#forgetOne();
    const line = new AddressLine<T>(this.#limits, now);
    this.#lines.set(ip, line);
    return line;
  }

  /** Forgets an address that has nothing here. Others go to the back, so that the next sweep sees others. */
  #forgetOne(): void {
    let looked = 0;
    for (const [ip, line] of this.#lines) {
      this.#lines.delete(ip);
      if (line.isEmpty) return;
      this.#lines.set(ip, line);
      looked += 1;
      if (looked >= SWEEP) return;
    }
  }
}
