import { Refusal, failed, type Call, type Emit, type FailureCode } from '../call/index.ts';
import type { Clock } from '../lib/index.ts';
import type { Exchange } from './exchange.ts';

const BEGUN_AFTER = 1000;
const RIGHT_ENDED = 'the call was under way when the right to it ended';

/** A call that is under way, and the way to break it off. */
export interface LiveCall {
  readonly call: Readonly<Call>;
  readonly exchange: Exchange;
  begun: boolean;
}

/**
 * The calls under way. Once a second each is asked about anew, so that a right which ends also ends what it had opened;
 * one that is open for a second is announced, so that a long one can be seen before it ends.
 */
export class LiveCalls {
  readonly #calls = new Set<LiveCall>();
  readonly #emit: Emit;
  readonly #now: Clock;
  #emptied: (() => void) | undefined;

  constructor(emit: Emit, now: Clock) {
    this.#emit = emit;
    this.#now = now;
  }

  get size(): number {
    return this.#calls.size;
  }

  add(call: Readonly<Call>, exchange: Exchange): LiveCall {
    const live: LiveCall = { call, exchange, begun: false };
    this.#calls.add(live);
    this.#emit({ kind: 'live-calls', open: this.#calls.size });
    return live;
  }

  remove(live: LiveCall): void {
    this.#calls.delete(live);
    this.#emit({ kind: 'live-calls', open: this.#calls.size });
    if (this.#calls.size === 0) this.#emptied?.();
  }

  /** Announces the long ones and cuts those that `still` no longer permits. */
  review(still: (call: Readonly<Call>) => FailureCode | undefined): void {
    const now = this.#now();
    for (const live of this.#calls) {
      if (!live.begun && now - live.call.time >= BEGUN_AFTER) {
        live.begun = true;
        this.#emit({ kind: 'call-begun', call: live.call });
      }
      const code = still(live.call);
      if (code !== undefined) cut(live, new Refusal(code, RIGHT_ENDED));
    }
  }

  /** Cuts the call of this exchange; false if it is over. */
  cut(exchange: Exchange, code: FailureCode): boolean {
    for (const live of this.#calls) {
      if (live.exchange !== exchange) continue;
      cut(live, new Refusal(code, 'what came after the head could not be read'));
      return true;
    }
    return false;
  }

  cutAll(code: FailureCode): void {
    for (const live of this.#calls) cut(live, new Refusal(code));
  }

  /** Resolves when no call is under way. */
  empty(): Promise<void> {
    if (this.#calls.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#emptied = resolve;
    });
  }
}

function cut(live: LiveCall, refusal: Refusal): void {
  failed(live.call, refusal);
  live.exchange.cut();
}
