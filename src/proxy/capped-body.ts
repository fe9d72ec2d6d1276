import type { Sink, Source } from '../call/index.ts';

/** The body as it comes, until it exceeds `limit` bytes; then `exceeded` is called, and nothing more goes through. */
export function cappedBody(body: Source, limit: number, exceeded: () => void): Source {
  return new CappedBody(body, limit, exceeded);
}

class CappedBody implements Source, Sink {
  #left: number;
  #sink: Sink | undefined;
  readonly #body: Source;
  readonly #exceeded: () => void;

  constructor(body: Source, limit: number, exceeded: () => void) {
    this.#body = body;
    this.#left = limit;
    this.#exceeded = exceeded;
  }

  start(sink: Sink): void {
    this.#sink = sink;
    this.#body.start(this);
  }

  pause(): void {
    this.#body.pause();
  }

  resume(): void {
    this.#body.resume();
  }

  cancel(reason: Error): void {
    this.#body.cancel(reason);
  }

  write(chunk: Uint8Array): boolean {
    this.#left -= chunk.length;
    if (this.#left >= 0) return this.#sink?.write(chunk) ?? false;
    this.#exceeded();
    return false;
  }

  end(): void {
    if (this.#left >= 0) this.#sink?.end();
  }

  fail(error: Error): void {
    this.#sink?.fail(error);
  }

  onDrained(resume: () => void): void {
    this.#sink?.onDrained(resume);
  }

  onBroken(broken: (error: Error) => void): void {
    this.#sink?.onBroken?.(broken);
  }
}
