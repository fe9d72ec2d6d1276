import { Refusal, failed, type Call, type Emit, type FailureCode } from '../call/index.ts';
import { Places, type PlacesOptions } from '../state/index.ts';
import type { Exchange } from './exchange.ts';
import type { Waits } from './traffic.ts';

/** Milliseconds on the clock that only goes forward. */
const BEGUN_AFTER = 1000;

/** A call that is under way, and the way to break it off. */
export interface LiveCall {
  readonly call: Readonly<Call>;
  readonly exchange: Exchange;
  begun: boolean;
  /** Whose place it has taken; undefined for one that has none. */
  seat: string | undefined;
  waits: Waits | undefined;
}

/**
 * The calls under way. Once a second each is asked about anew, so that a right which ends also ends what it had opened;
 * one that is open for a second is announced, so that a long one can be seen before it ends.
 */
export class LiveCalls implements Iterable<LiveCall> {
  readonly #calls = new Set<LiveCall>();
  readonly #places: Places;
  readonly #emit: Emit;
  #emptied: (() => void) | undefined;

  constructor(places: PlacesOptions, emit: Emit) {
    this.#places = new Places(places);
    this.#emit = emit;
  }

  /** Whether there is a place for nobody. */
  get full(): boolean {
    return this.#places.full;
  }

  [Symbol.iterator](): Iterator<LiveCall> {
    return this.#calls.values();
  }

  add(call: Readonly<Call>, exchange: Exchange): LiveCall {
    const live: LiveCall = { call, exchange, begun: false, seat: undefined, waits: undefined };
    this.#calls.add(live);
    this.#emit({ kind: 'live-calls', open: this.#calls.size });
    return live;
  }

  /**
   * Takes one of the places for calls under way, before anything that costs more; `remove` gives it back.
   *
   * @throws Refusal if there is none for this agent
   */
  seat(live: LiveCall, agent: string): void {
    const full = this.#places.take(agent);
    if (full !== undefined) throw new Refusal('TOO_MANY_CALLS', full);
    live.seat = agent;
  }

  remove(live: LiveCall): void {
    if (live.seat !== undefined) this.#places.giveBack(live.seat);
    this.#calls.delete(live);
    this.#emit({ kind: 'live-calls', open: this.#calls.size });
    if (this.#calls.size === 0) this.#emptied?.();
  }

  /** Announces the long ones and ends those that `still` no longer permits; gives the number of these. */
  review(still: (call: Readonly<Call>) => Refusal | undefined): number {
    const tick = performance.now();
    let ended = 0;
    for (const live of this.#calls) {
      if (!live.begun && tick - live.call.tick >= BEGUN_AFTER) {
        live.begun = true;
        this.#emit({ kind: 'call-begun', call: live.call });
      }
      const refusal = still(live.call);
      if (refusal === undefined) continue;
      endCall(live, refusal);
      ended += 1;
    }
    return ended;
  }

  /** The body of this exchange's call cannot be read on. */
  spoil(exchange: Exchange, code: FailureCode): void {
    for (const live of this.#calls) {
      if (live.exchange !== exchange) continue;
      failed(live.call, new Refusal(code, 'what came after the head could not be read'));
      exchange.stop();
    }
  }

  cutAll(code: FailureCode): void {
    for (const live of this.#calls) endCall(live, new Refusal(code));
  }

  /** Resolves when no call is under way. */
  empty(): Promise<void> {
    if (this.#calls.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#emptied = resolve;
    });
  }
}

/** Tells the caller why if it has no answer yet, and breaks the call off if it has. */
export function endCall(live: LiveCall, refusal: Refusal): void {
  failed(live.call, refusal);
  if (refusal.failure.status === 0) live.exchange.cut();
  else live.exchange.stop();
}
