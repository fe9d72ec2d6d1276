import type { Sink, Source } from '../call/index.ts';

/**
 * Bytes that may wait here before anybody takes them, so that a small answer is read in one go; then the connection is
 * paused. What one read brought on top still fits: less than 100 KiB in all.
 */
const HOLD = 16 * 1024;

/** The connection that the bytes come from. */
export interface Feed {
  pause(): void;
  resume(): void;
  abort(reason: Error): void;
}

/** The body of an answer: takes what the connection brings, and gives it on no faster than it is wanted. */
export class AnswerBody implements Source {
  #sink: Sink | undefined = undefined;
  #paused = true;
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  #state: 'open' | 'complete' | 'cancelled' | Error = 'open';
  readonly #feed: Feed;
  readonly #onTheWay: () => number;

  /** `onTheWay`: bytes that have been read and that undici has not looked at. */
  constructor(feed: Feed, onTheWay: () => number) {
    this.#feed = feed;
    this.#onTheWay = onTheWay;
  }

  get unread(): number {
    return this.#isOpen() ? this.#heldBytes + this.#onTheWay() : this.#heldBytes;
  }

  start(sink: Sink): void {
    if (this.#sink !== undefined) throw new TypeError('a source is started once');
    this.#sink = sink;
    this.resume();
  }

  pause(): void {
    this.#paused = true;
    if (this.#state === 'open') this.#feed.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#flush();
    if (!this.#isPaused() && this.#isOpen()) this.#feed.resume();
  }

  cancel(reason: Error): void {
    const open = this.#isOpen();
    this.#state = 'cancelled';
    this.#drop();
    if (open) this.#feed.abort(reason);
  }

  /** undici may bring bytes while it is paused, when the agent closes: they wait. */
  push(chunk: Uint8Array): void {
    if (this.#state !== 'open') return;
    if (!this.#paused && this.#held.length === 0) {
      this.#sink?.write(chunk);
      return;
    }
    this.#held.push(chunk);
    this.#heldBytes += chunk.length;
    if (this.#heldBytes >= HOLD) this.#feed.pause();
  }

  complete(): void {
    if (this.#state !== 'open') return;
    this.#state = 'complete';
    this.#finish();
  }

  /** What is held is given up: the answer is broken anyway. */
  fail(error: Error): void {
    if (this.#state !== 'open') return;
    this.#state = error;
    this.#drop();
    this.#finish();
  }

  #flush(): void {
    while (!this.#isPaused()) {
      const chunk = this.#held.shift();
      if (chunk === undefined) break;
      this.#heldBytes -= chunk.length;
      this.#sink?.write(chunk);
    }
    this.#finish();
  }

  #drop(): void {
    this.#held = [];
    this.#heldBytes = 0;
  }

  /** Tells the sink how it ended, once there is a sink and nothing is left to give. */
  #finish(): void {
    if (this.#isOpen() || this.#held.length > 0) return;
    const sink = this.#sink;
    this.#sink = undefined;
    if (this.#state === 'complete') sink?.end();
    else if (this.#state instanceof Error) sink?.fail(this.#state);
  }

  // Methods, because the sink may pause or cancel while it is written to, which the compiler does not see.
  #isPaused(): boolean {
    return this.#paused;
  }

  #isOpen(): boolean {
    return this.#state === 'open';
  }
}
