import type { Sink, Source } from '../call/index.ts';

/** A source that passes another on as it is; what should be otherwise is overridden. */
export class Relay implements Source, Sink {
  protected sink: Sink | undefined;
  readonly #source: Source;

  constructor(source: Source) {
    this.#source = source;
  }

  get unread(): number {
    return this.#source.unread;
  }

  get unsent(): number {
    return this.sink?.unsent ?? 0;
  }

  start(sink: Sink): void {
    this.sink = sink;
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
    return this.sink?.write(chunk) ?? false;
  }

  end(): void {
    this.sink?.end();
  }

  fail(error: Error): void {
    this.sink?.fail(error);
  }

  onDrained(resume: () => void): void {
    this.sink?.onDrained(resume);
  }

  onBroken(broken: (error: Error) => void): void {
    this.sink?.onBroken?.(broken);
  }
}
