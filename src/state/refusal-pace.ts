import type { Clock } from '../lib/index.ts';

/** Milliseconds; less than after which an open call is announced in the audit. */
const LONGEST = 800;
/** Callers that are remembered. */
const REMEMBERED = 10_000;

/**
 * How long a caller waits for the answer that refuses its call. Each refusal costs us about what it costs to be refused,
 * so a caller that calls again at once would otherwise have as much of the processor as it likes. While it waits, it has
 * one connection less to call on; calls that are allowed wait for nothing.
 */
export class RefusalPace {
  /** When the answer to the next refusal is due, a rest of one second included; who was refused last comes last. */
  readonly #due = new Map<string, number>();
  /** Milliseconds that one refusal stands for. */
  readonly #each: number;
  readonly #now: Clock;

  /** `perSecond` of one caller are answered at once, after a rest all together; `now` is milliseconds that only grow. */
  constructor(perSecond: number, now: Clock) {
    this.#each = 1000 / perSecond;
    this.#now = now;
  }

  /** Counts a refusal; gives the milliseconds until its answer, from 0 to 800. */
  wait(caller: string): number {
    const now = this.#now();
    const next = Math.max(this.#due.get(caller) ?? 0, now - 1000) + this.#each;
    const due = Math.min(next, now + LONGEST);
    this.#due.delete(caller);
    this.#forget();
    this.#due.set(caller, due);
    return Math.max(0, due - now);
  }

  /** Makes room; whoever is forgotten may come with another second's worth. */
  #forget(): void {
    if (this.#due.size < REMEMBERED) return;
    const [longest] = this.#due.keys();
    if (longest !== undefined) this.#due.delete(longest);
  }
}
