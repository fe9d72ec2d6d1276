import type { Sink, Source } from './stream.ts';

/** `complete`, or the error with which the bytes broke off. */
export type Pumped = 'complete' | Error;

/** One direction of a call on its way: how much went through so far. */
export interface Flow {
  readonly bytes: number;
  /** Stops taking from the source and breaks the sink off. `ended` is called if it was not yet. */
  cut(reason: Error): void;
}

/**
 * Carries bytes from a source to a sink and no faster than the sink takes them. `ended` is called exactly once, when
 * the last byte was handed over or the first of both sides broke.
 */
export function pump(source: Source, sink: Sink, ended: (how: Pumped) => void): Flow {
  const flow = new RunningFlow(source, sink, ended);
  source.start(flow);
  return flow;
}

class RunningFlow implements Sink, Flow {
  bytes = 0;
  #over = false;
  readonly #source: Source;
  readonly #sink: Sink;
  readonly #ended: (how: Pumped) => void;

  constructor(source: Source, sink: Sink, ended: (how: Pumped) => void) {
    this.#source = source;
    this.#sink = sink;
    this.#ended = ended;
  }

  write(chunk: Uint8Array): boolean {
    if (this.#over) return false;
    this.bytes += chunk.length;
    if (this.#sink.write(chunk)) return true;
    this.#source.pause();
    this.#sink.onDrained(() => this.#source.resume());
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

  cut(reason: Error): void {
    if (this.#over) return;
    this.#source.cancel(reason);
    this.fail(reason);
  }

  onDrained(): void {
    throw new TypeError('a flow is told by its sink; nobody waits for the flow itself');
  }
}
