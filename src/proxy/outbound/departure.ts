import { Refusal, failed, type Travelling } from '../../call/index.ts';
import type { Exchange } from '../exchange.ts';

/** Notices that the agent went away, or that its call was ended, at whatever stage that comes. */
export class Departure {
  readonly #left: Promise<Refusal>;
  #abort: ((reason: Error) => void) | undefined;
  #gone = false;

  constructor(exchange: Exchange, call: Travelling) {
    const { promise, resolve } = Promise.withResolvers<Refusal>();
    this.#left = promise;
    exchange.onGone(() => {
      this.#gone = true;
      const refusal = new Refusal('CALLER_LEFT');
      failed(call, refusal);
      resolve(call.refusal ?? refusal);
      this.#abort?.(new Error('the caller left'));
    });
  }

  /** What was worked for, unless the agent leaves before. @throws Refusal */
  async unless<T>(work: Promise<T>): Promise<T> {
    const found = await Promise.race([this.#left, work]);
    if (found instanceof Refusal) throw found;
    return found;
  }

  /** `abort` is called when the agent leaves, or at once if it has. */
  onLeft(abort: (reason: Error) => void): void {
    this.#abort = abort;
    if (this.#gone) abort(new Error('the caller left'));
  }
}
