import type { Sink, Source } from '../call/index.ts';

/** The caller's body: counted, and asked for only when somebody wants it. */
export class RequestBody implements Source, Sink {
  bytes = 0;
  started = false;
  #sink: Sink | undefined;
  readonly #source: Source;
  readonly #beforeFirst: () => void;

  /** `beforeFirst` is called once, before the first byte is read. */
  constructor(source: Source, beforeFirst: () => void) {
    this.#source = source;
    this.#beforeFirst = beforeFirst;
  }

  start(sink: Sink): void {
    this.started = true;
    this.#sink = sink;
    this.#beforeFirst();
    this.#source.start(this);
  }

  pause(): void {
    this.#source.pause();
  }

  resume(): void {
    this.#source.resume();
  }

  cancel(reason: Error): void {
    this.#source.cancel(reason);
  }

  write(chunk: Uint8Array): boolean {
    this.bytes += chunk.length;
    return this.#sink?.write(chunk) ?? false;
  }

  end(): void {
    this.#sink?.end();
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
