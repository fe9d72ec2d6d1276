import type { Readable, Writable } from 'node:stream';
import { BrokenSink, type Sink, type Source } from './stream.ts';

/** What to do with a stream whose bytes are no longer wanted. */
export type Discard = (readable: Readable, reason: Error) => void;

const destroy: Discard = (readable) => void readable.destroy();

/**
 * A Node stream as a source. One that closes before its end has failed. `discard` says what cancelling does; the
 * default destroys the stream, and with a server's request that takes the caller's connection along.
 */
export function readableSource(readable: Readable, discard: Discard = destroy): Source {
  return new ReadableSource(readable, discard);
}

/**
 * A Node stream as a sink. What fails is destroyed without `end`, so that it never looks complete; no error is emitted
 * for it, because on a server's response that would be taken for a fault of the caller.
 */
export function writableSink(writable: Writable): Sink {
  return new WritableSink(writable);
}

class ReadableSource implements Source {
  #sink: Sink | undefined = undefined;
  readonly #readable: Readable;
  readonly #discard: Discard;

  constructor(readable: Readable, discard: Discard) {
    this.#readable = readable;
    this.#discard = discard;
    readable.on('error', this.#onError);
  }

  get unread(): number {
    return this.#readable.readableLength;
  }

  start(sink: Sink): void {
    if (this.#sink !== undefined) throw new TypeError('a source is started once');
    this.#sink = sink;
    const readable = this.#readable;
    if (readable.readableEnded) return this.#onEnd();
    if (readable.destroyed) return this.#onClose();
    readable.on('data', this.#onData).on('end', this.#onEnd).on('close', this.#onClose);
    readable.resume();
  }

  pause(): void {
    if (this.#sink !== undefined) this.#readable.pause();
  }

  resume(): void {
    if (this.#sink !== undefined) this.#readable.resume();
  }

  cancel(reason: Error): void {
    this.#detach();
    this.#discard(this.#readable, reason);
  }

  readonly #onData = (chunk: Uint8Array): void => {
    this.#sink?.write(chunk);
  };

  readonly #onEnd = (): void => this.#detach()?.end();

  readonly #onError = (error: Error): void => this.#detach()?.fail(error);

  readonly #onClose = (): void =>
    this.#detach()?.fail(this.#readable.errored ?? new Error('the stream closed before its end'));

  /** Ends the listening; gives the sink to whoever came first. The error listener stays: a late error must not crash. */
  #detach(): Sink | undefined {
    const sink = this.#sink;
    this.#sink = undefined;
    this.#readable.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onClose);
    return sink;
  }
}

class WritableSink implements Sink {
  #resume: (() => void) | undefined = undefined;
  #broken: ((error: Error) => void) | undefined = undefined;
  readonly #writable: Writable;

  constructor(writable: Writable) {
    this.#writable = writable;
    writable.on('drain', this.#onDrain).on('error', this.#onError).on('close', this.#onClose);
  }

  get unsent(): number {
    return this.#writable.writableLength;
  }

  write(chunk: Uint8Array): boolean {
    return this.#writable.write(chunk);
  }

  end(): void {
    this.#broken = undefined;
    this.#writable.end();
  }

  fail(_error: Error): void {
    this.#broken = undefined;
    this.#writable.destroy();
  }

  onDrained(resume: () => void): void {
    this.#resume = resume;
  }

  onBroken(broken: (error: Error) => void): void {
    this.#broken = broken;
    if (this.#writable.destroyed) this.#onClose();
  }

  readonly #onDrain = (): void => {
    const resume = this.#resume;
    this.#resume = undefined;
    resume?.();
  };

  readonly #onError = (error: Error): void => this.#break(error);

  readonly #onClose = (): void => this.#break(this.#writable.errored ?? undefined);

  #break(cause: Error | undefined): void {
    const broken = this.#broken;
    this.#broken = undefined;
    this.#resume = undefined;
    broken?.(new BrokenSink(cause));
  }
}
