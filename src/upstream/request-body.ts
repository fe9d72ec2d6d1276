import { Readable } from 'node:stream';
import { pump, type Flow, type Sink, type Source } from '../call/index.ts';

/** Bytes kept for undici while its socket is full: about one TLS record of the caller. */
const HOLD = 16 * 1024;

const UNWANTED = new Error('the agent wants no more of the body');

/** The body of a request in the form that undici reads. It begins to flow when the connection is there. */
export class RequestBody extends Readable implements Sink {
  #flow: Flow | undefined = undefined;
  #resume: (() => void) | undefined = undefined;
  #reason = UNWANTED;
  readonly #source: Source;
  readonly #sourceFailed: (error: Error) => void;
  readonly #onTheWay: () => number;

  /** `onTheWay`: bytes that undici has taken and the system has not. */
  constructor(source: Source, sourceFailed: (error: Error) => void, onTheWay: () => number) {
    super({ highWaterMark: HOLD });
    this.#source = source;
    this.#sourceFailed = sourceFailed;
    this.#onTheWay = onTheWay;
  }

  /** Bytes taken from the source so far. */
  get taken(): number {
    return this.#flow?.bytes ?? 0;
  }

  get unsent(): number {
    return this.readableLength + this.#onTheWay();
  }

  override _read(): void {
    if (this.#flow === undefined) {
      this.#flow = pump(this.#source, this, nobodyWaits);
      return;
    }
    const resume = this.#resume;
    this.#resume = undefined;
    resume?.();
  }

  /** Ends it, complete or not; tells the source why, and undici nothing. */
  discard(reason: Error): void {
    this.#reason = reason;
    this.destroy();
  }

  /** undici, too, destroys the body when it wants no more of it, e.g. because the answer was complete before it. */
  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    const reason = error ?? this.#reason;
    if (this.#flow === undefined) this.#source.cancel(reason);
    else this.#flow.cut(reason);
    done(error);
  }

  write(chunk: Uint8Array): boolean {
    return this.push(chunk);
  }

  end(): void {
    this.push(null);
  }

  fail(error: Error): void {
    if (!this.destroyed) this.#sourceFailed(error);
  }

  onDrained(resume: () => void): void {
    this.#resume = resume;
  }
}

/** The exchange hears of a failing source through `fail`, and of everything else from undici. */
function nobodyWaits(): void {
  // Nothing to do.
}
