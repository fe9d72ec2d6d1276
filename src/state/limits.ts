import type { FailureCode, RouteEntry } from '../call/index.ts';
import type { Clock } from '../lib/index.ts';
import { Cell } from './cell.ts';

/** Room for one call. */
export interface Admission {
  /** To be called when the call is over; again does nothing. */
  release(): void;
}

export interface LimitsOptions {
  /** Agents times routes that are remembered at the most. Default 100,000. */
  readonly cells?: number;
}

/** How much each agent does on each route. Outlives the policy: what counts are the names of both. */
export interface Limits {
  /** Room for this call, or why there is none: `RATE_LIMITED` or `CONCURRENCY_LIMITED`. */
  admit(agent: string, route: RouteEntry): Admission | FailureCode;
  /** How many pairs of agent and route are remembered. */
  readonly size: number;
}

/** `now` is milliseconds; if it steps back, time stands still until it goes on, from where it then is. */
export function createLimits(now: Clock, options: LimitsOptions = {}): Limits {
  return new CellLimits(now, options.cells ?? 100_000);
}

const UNLIMITED: Admission = Object.freeze({ release: () => undefined });

/** Cells looked at for one that can go, before a call is denied: bounds the work of a call while the table is full. */
const SWEEP = 32;

class CellLimits implements Limits {
  readonly #cells = new Map<string, Cell>();
  readonly #cap: number;
  readonly #now: Clock;
  #lastNow: number;
  #elapsed = 0;

  constructor(now: Clock, cap: number) {
    if (cap < 1) throw new TypeError('limits need room for one cell');
    this.#cap = cap;
    this.#now = now;
    this.#lastNow = now();
  }

  get size(): number {
    return this.#cells.size;
  }

  admit(agent: string, route: RouteEntry): Admission | FailureCode {
    const { rate, concurrency } = route.limits;
    if (rate === undefined && concurrency === undefined) return UNLIMITED;
    const cell = this.#cellOf(agent, route);
    // What cannot be counted is denied.
    if (cell === undefined) return rate === undefined ? 'CONCURRENCY_LIMITED' : 'RATE_LIMITED';
    // Concurrency first: a call that it denies costs no token.
    if (concurrency !== undefined && cell.open >= concurrency) return 'CONCURRENCY_LIMITED';
    if (rate !== undefined && !cell.take(rate, this.#time())) return 'RATE_LIMITED';
    return new Slot(cell);
  }

  #cellOf(agent: string, route: RouteEntry): Cell | undefined {
    // A line break stands in neither name, so two pairs never share a key.
    const key = `${agent}\n${route.name}`;
    const known = this.#cells.get(key);
    if (known !== undefined) return known;
    if (this.#cells.size >= this.#cap && !this.#forgetOne()) return undefined;
    const cell = new Cell(route.limits.rate, this.#time());
    this.#cells.set(key, cell);
    return cell;
  }

  /** Forgets a cell that holds nothing. Those that do go to the back, so that the next sweep sees others. */
  #forgetOne(): boolean {
    const at = this.#time();
    let looked = 0;
    for (const [key, cell] of this.#cells) {
      this.#cells.delete(key);
      if (cell.isFresh(at)) return true;
      this.#cells.set(key, cell);
      looked += 1;
      if (looked >= SWEEP) return false;
    }
    return false;
  }

  /** Time that only grows: a clock set back must neither freeze the buckets nor fill them. */
  #time(): number {
    const now = this.#now();
    if (now > this.#lastNow) this.#elapsed += now - this.#lastNow;
    this.#lastNow = now;
    return this.#elapsed;
  }
}

class Slot implements Admission {
  #cell: Cell | undefined;

  constructor(cell: Cell) {
    this.#cell = cell;
    cell.open += 1;
  }

  release(): void {
    if (this.#cell !== undefined) this.#cell.open -= 1;
    this.#cell = undefined;
  }
}
