import type { Emit } from '../call/index.ts';
import type { Clock } from '../lib/index.ts';

/** Milliseconds. What is less is how a clock is kept right. */
const STEP = 2000;

/** Notices that the clock was set: certificates are judged by it, and what then happens has no other explanation. */
export class ClockWatch {
  readonly #now: Clock;
  readonly #emit: Emit;
  #ahead: number;

  constructor(now: Clock, emit: Emit) {
    this.#now = now;
    this.#emit = emit;
    this.#ahead = now() - performance.now();
  }

  /** Whether it was set since the last look. */
  look(): boolean {
    const ahead = this.#now() - performance.now();
    const milliseconds = ahead - this.#ahead;
    this.#ahead = ahead;
    if (Math.abs(milliseconds) <= STEP) return false;
    const direction = milliseconds > 0 ? 'forward' : 'back';
    this.#emit({ kind: 'clock-step', direction });
    const seconds = Math.round(Math.abs(milliseconds) / 1000);
    const slept = direction === 'forward' ? ', or the machine slept' : '';
    const message = `the clock was set ${direction} by ${seconds} s${slept}`;
    this.#emit({ kind: 'log', level: 'warn', message });
    return true;
  }
}
