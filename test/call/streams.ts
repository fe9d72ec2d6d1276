import type { Sink, Source } from '../../src/call/index.ts';

/** A source in the hands of the test. */
export class HandSource implements Source {
  sink: Sink | undefined = undefined;
  readonly calls: string[] = [];
  cancelled: Error | undefined = undefined;
  unread = 0;

  start(sink: Sink): void {
    this.sink = sink;
    this.calls.push('start');
  }
  pause(): void {
    this.calls.push('pause');
  }
  resume(): void {
    this.calls.push('resume');
  }
  cancel(reason: Error): void {
    this.cancelled = reason;
    this.calls.push('cancel');
  }
}

/** A source that has everything at hand and obeys pause. */
export class ListSource implements Source {
  #sink: Sink | undefined = undefined;
  #paused = false;
  readonly #chunks: Iterator<Uint8Array | string>;
  readonly #end: Error | undefined;
  cancelled: Error | undefined = undefined;
  readonly unread = 0;

  constructor(chunks: Iterable<Uint8Array | string>, end?: Error) {
    this.#chunks = chunks[Symbol.iterator]();
    this.#end = end;
  }
  start(sink: Sink): void {
    this.#sink = sink;
    this.#run();
  }
  pause(): void {
    this.#paused = true;
  }
  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#run();
  }
  cancel(reason: Error): void {
    this.#sink = undefined;
    this.cancelled = reason;
  }
  #run(): void {
    while (!this.#paused && this.#sink !== undefined) {
      const next = this.#chunks.next();
      if (next.done !== true) {
        this.#sink.write(Buffer.from(next.value));
        continue;
      }
      const sink = this.#sink;
      this.#sink = undefined;
      if (this.#end === undefined) sink.end();
      else sink.fail(this.#end);
    }
  }
}

/** A sink that keeps what it gets, and is full whenever the test says so. */
export class HandSink implements Sink {
  readonly chunks: Uint8Array[] = [];
  readonly calls: string[] = [];
  full = false;
  unsent = 0;
  failed: Error | undefined = undefined;
  drained: (() => void)[] = [];
  broken: ((error: Error) => void) | undefined = undefined;

  write(chunk: Uint8Array): boolean {
    this.chunks.push(chunk);
    return !this.full;
  }
  end(): void {
    this.calls.push('end');
  }
  fail(error: Error): void {
    this.failed = error;
    this.calls.push('fail');
  }
  onDrained(resume: () => void): void {
    this.drained.push(resume);
  }
  onBroken(broken: (error: Error) => void): void {
    this.broken = broken;
  }
  drain(): void {
    this.full = false;
    for (const resume of this.drained.splice(0)) resume();
  }
  get text(): string {
    return Buffer.concat(this.chunks).toString('latin1');
  }
}

/** Takes all bytes of a source; rejects if it fails. `onChunk` may look at them on the way. */
export function drink(source: Source, onChunk?: (chunk: Uint8Array) => void): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    source.start({
      unsent: 0,
      write: (chunk) => {
        if (onChunk === undefined) chunks.push(chunk);
        else onChunk(chunk);
        return true;
      },
      end: () => resolve(Buffer.concat(chunks)),
      fail: reject,
      onDrained: (resume) => setImmediate(resume),
    });
  });
}
