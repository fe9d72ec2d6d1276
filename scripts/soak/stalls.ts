const EVERY = 50;
const STALL = 250;

/**
 * When the callers' own process stood still. A sidecar waits a short while for a refused caller that goes on sending; one
 * that does not look in that time hears nothing, and that is nobody's fault.
 */
export class Stalls {
  readonly #windows: { from: number; until: number }[] = [];
  readonly #timer: NodeJS.Timeout;
  #last = Date.now();

  constructor() {
    this.#timer = setInterval(() => this.#tick(), EVERY).unref();
  }

  get longest(): number {
    return Math.max(0, ...this.#windows.map(({ from, until }) => until - from));
  }

  /** Whether they stood still then, for `least` milliseconds or longer. */
  overlap(from: number, until: number, least = STALL): boolean {
    this.#tick();
    return this.#windows.some(
      (one) => one.from <= until && one.until >= from && one.until - one.from >= least,
    );
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #tick(): void {
    const now = Date.now();
    if (now - this.#last > STALL) this.#windows.push({ from: this.#last, until: now });
    this.#last = now;
  }
}
