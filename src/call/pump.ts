import type { Sink, Source } from './stream.ts';

/** `complete`, or the error with which the bytes broke off: a `BrokenSink` if it was the sink's. */
export type Pumped = 'complete' | Error;

/** One direction of a call on its way: how much went through so far. */
export interface Flow {
  readonly bytes: number;
  /** Bytes that wait on either side of it. */
  readonly held: number;
  /** Stops taking from the source and breaks the sink off. `ended` is called if it was not yet. */
  cut(reason: Error): void;
}

/**
 * Carries bytes from a source to a sink and no faster than the sink takes them. `ended` is called exactly once, when
 * the last byte was handed over or the first of both sides broke; with a source that has everything at hand, that is
 * before `pump` returns.
 */
export function pump(source: Source, sink: Sink, ended: (how: Pumped) => void): Flow {
  const flow = new RunningFlow(source, sink, ended);
  flow.run();
  return flow;
}

class RunningFlow implements Sink, Flow {
  bytes = 0;
  #over = false;
  #waiting = false;
  readonly #source: Source;
  readonly #sink: Sink;
  readonly #ended: (how: Pumped) => void;

  constructor(source: Source, sink: Sink, ended: (how: Pumped) => void) {
    this.#source = source;
    this.#sink = sink;
    this.#ended = ended;
  }

  get held(): number {
    return this.#source.unread + this.#sink.unsent;
  }

  get unsent(): number {
    return this.#sink.unsent;
  }

  run(): void {
    this.#sink.onBroken?.(this.#onBroken);
    if (!this.#over) this.#source.start(this);
  }

  write(chunk: Uint8Array): boolean {
    if (this.#over) return false;
    this.bytes += chunk.length;
    if (this.#sink.write(chunk)) return true;
    // A sink may break while it is written to, and a source may push once more while it is being paused.
    if (this.#isOver() || this.#waiting) return false;
    this.#waiting = true;
    this.#source.pause();
    this.#sink.onDrained(this.#onDrained);
    return false;
  }

  end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#sink.end();
    this.#ended('complete');
  }

  fail(error: Error): void {
    if (this.#over) return;
    this.#over = true;
    this.#sink.fail(error);
    this.#ended(error);
  }

  /** Over before either side hears of it: destroying one stream may make the other report back at once. */
  cut(reason: Error): void {
    if (this.#over) return;
    this.#over = true;
    this.#source.cancel(reason);
    this.#sink.fail(reason);
    this.#ended(reason);
  }

  onDrained(): void {
    throw new TypeError('a flow is told by its sink; nobody waits for the flow itself');
  }

  readonly #onBroken = (error: Error): void => this.cut(error);

  readonly #onDrained = (): void => {
    this.#waiting = false;
    if (!this.#over) this.#source.resume();
  };

  #isOver(): boolean {
    return this.#over;
  }
}
