import { Refusal, type Emit } from '../call/index.ts';
import type { Standing } from './exchange.ts';
import { endCall, type LiveCall } from './live.ts';
import { Patience } from './patience.ts';

/** Milliseconds and bytes. */
export interface TrafficLimits {
  /** For a caller to send of a body that the agent is ready for. */
  readonly bodyTimeout: number;
  /** For a caller to take of an answer that is there. */
  readonly sendTimeout: number;
  /** Bytes a second that a caller must send or take to be waited for longer than that. */
  readonly minRate: number;
  /** Kept in this process between callers and the agent, in all. */
  readonly buffered: number;
}

/** What is waited for from one caller. */
export interface Waits {
  readonly body: Patience;
  readonly answer: Patience;
}

/** Of the time between two looks, so much counts at most: while we stood still ourselves, nobody let us wait. */
const LONGEST_LOOK = 2000;

/**
 * How the bytes of all calls under way move. Callers that let us wait are ended, and what is kept between both sides is
 * bounded. It goes by counts that are there anyway, so that the calls themselves pay nothing for it.
 */
export class Traffic {
  readonly #limits: TrafficLimits;
  readonly #emit: Emit;
  #lastLook = performance.now();

  constructor(limits: TrafficLimits, emit: Emit) {
    this.#limits = limits;
    this.#emit = emit;
  }

  /** To be called about once a second. */
  look(calls: Iterable<LiveCall>): void {
    const now = performance.now();
    const elapsed = Math.min(now - this.#lastLook, LONGEST_LOOK);
    this.#lastLook = now;
    const holding: Holding[] = [];
    let bytes = 0;
    for (const live of calls) {
      const { standing } = live.exchange;
      const slow = this.#slow(live, standing, elapsed);
      if (slow !== undefined) endCall(live, slow);
      else if (standing.held > 0) {
        holding.push({ live, held: standing.held });
        bytes += standing.held;
      }
    }
    this.#emit({ kind: 'buffered', bytes });
    if (bytes > this.#limits.buffered) relieve(holding, bytes - this.#limits.buffered);
  }

  #slow(live: LiveCall, { sent, taken }: Standing, elapsed: number): Refusal | undefined {
    live.waits ??= this.#waits();
    const { body, answer } = live.waits;
    if (body.hasRunOut(sent, elapsed))
      return new Refusal('TIMEOUT', 'the body came too slowly, or not at all');
    return answer.hasRunOut(taken, elapsed) ? new Refusal('SLOW_READER') : undefined;
  }

  #waits(): Waits {
    const { bodyTimeout, sendTimeout, minRate: rate } = this.#limits;
    return {
      body: new Patience({ within: bodyTimeout, rate }),
      answer: new Patience({ within: sendTimeout, rate }),
    };
  }
}

interface Holding {
  readonly live: LiveCall;
  readonly held: number;
}

/** Ends calls until `excess` bytes are free, always the largest of whoever holds the most in all: it harms the others. */
function relieve(holding: readonly Holding[], excess: number): void {
  const holders = Map.groupBy(holding, ({ live }) => live.call.peer.spiffeId.toString());
  const heaps = [...holders.values()].map((calls) => ({
    calls: calls.toSorted((a, b) => a.held - b.held),
    held: calls.reduce((sum, { held }) => sum + held, 0),
  }));
  for (let left = excess; left > 0;) {
    const heaviest = heaps.reduce((a, b) => (b.held > a.held ? b : a));
    const largest = heaviest.calls.pop();
    if (largest === undefined) return;
    heaviest.held -= largest.held;
    left -= largest.held;
    endCall(largest.live, new Refusal('BUFFERS_FULL', `${largest.held} bytes were kept for it`));
  }
}
