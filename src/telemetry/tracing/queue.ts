/** What became of a batch. */
export type Delivery =
  /** `refused`: so many of it the collector did not want. */
  | { readonly kind: 'taken'; readonly refused: number }
  /** Worth another try: the collector is away or busy. */
  | { readonly kind: 'later'; readonly why: string }
  /** The same batch would fail again. */
  | { readonly kind: 'never'; readonly why: string };

/** Gives a batch to the collector. Should not throw, and must end soon after `signal` says so. */
export type Deliver<T> = (batch: readonly T[], signal: AbortSignal) => Promise<Delivery>;

/** What the queue tells of itself. */
export interface QueueNotes {
  dropped(count: number): void;
  /** Told once when the collector fails, and once when it takes spans again. */
  broke(why: string): void;
  mended(): void;
  /** Told at the end, if something could not be delivered any more. */
  left(count: number): void;
}

/** Counts and milliseconds. */
export interface QueueBounds {
  /** What may wait, the batch under way included; over it, what is new is dropped. */
  readonly waiting: number;
  readonly batch: number;
  /** How long the first of a batch waits for others. */
  readonly gather: number;
  /** Between two attempts while the collector fails. */
  readonly retry: number;
  /** For one delivery. */
  readonly send: number;
  /** For everything that still waits at the end. */
  readonly close: number;
}

/** What waits for the collector: bounded, in batches, one at a time. Nobody waits for it, and its faults reach nobody. */
export class SpanQueue<T> {
  readonly #deliver: Deliver<T>;
  readonly #notes: QueueNotes;
  readonly #bounds: QueueBounds;
  readonly #end = new AbortController();
  readonly #waiting: T[] = [];
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> | undefined;
  #broken = false;
  #closed = false;

  constructor(deliver: Deliver<T>, notes: QueueNotes, bounds: QueueBounds) {
    this.#deliver = deliver;
    this.#notes = notes;
    this.#bounds = bounds;
  }

  add(span: T): void {
    const { waiting, batch } = this.#bounds;
    if (this.#closed || this.#waiting.length >= waiting) return this.#notes.dropped(1);
    this.#waiting.push(span);
    if (this.#sending !== undefined) return;
    if (!this.#broken && this.#waiting.length >= batch) this.#start();
    else this.#plan();
  }

  /** Delivers what waits, if that can be done within the bound; what cannot is dropped and counted. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    const late = new Promise<void>((resolve) => {
      this.#timer = setTimeout(resolve, this.#bounds.close);
    });
    await Promise.race([this.#finish(), late]);
    clearTimeout(this.#timer);
    this.#end.abort();
    const left = this.#waiting.splice(0).length;
    if (left === 0) return;
    this.#notes.dropped(left);
    this.#notes.left(left);
  }

  #plan(): void {
    const { retry, gather } = this.#bounds;
    this.#timer ??= setTimeout(() => this.#start(), this.#broken ? retry : gather).unref();
  }

  #start(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#sending = this.#sendFull().finally(() => {
      this.#sending = undefined;
      if (this.#waiting.length > 0 && !this.#closed) this.#plan();
    });
  }

  /** One batch, and more while there are full ones. */
  async #sendFull(): Promise<void> {
    do await this.#sendOne();
    while (!this.#broken && !this.#closed && this.#waiting.length >= this.#bounds.batch);
  }

  async #finish(): Promise<void> {
    await this.#sending;
    while (this.#waiting.length > 0) {
      await this.#sendOne();
      if (this.#broken) return;
    }
  }

  async #sendOne(): Promise<void> {
    const batch = this.#waiting.slice(0, this.#bounds.batch);
    const delivery = await this.#attempt(batch);
    // At the end, what was under way has been counted as left.
    if (this.#end.signal.aborted) return;
    if (delivery.kind !== 'later') this.#waiting.splice(0, batch.length);
    if (delivery.kind === 'taken') return this.#took(Math.min(delivery.refused, batch.length));
    if (delivery.kind === 'never') this.#notes.dropped(batch.length);
    if (!this.#broken) this.#notes.broke(delivery.why);
    this.#broken = true;
  }

  async #attempt(batch: readonly T[]): Promise<Delivery> {
    try {
      const limit = AbortSignal.timeout(this.#bounds.send);
      return await this.#deliver(batch, AbortSignal.any([this.#end.signal, limit]));
    } catch (error) {
      // Nothing here is worth the process, and what cannot even be encoded will not be the next time.
      return { kind: 'never', why: error instanceof Error ? error.message : 'no error was thrown' };
    }
  }

  #took(refused: number): void {
    if (refused > 0) this.#notes.dropped(refused);
    if (this.#broken) this.#notes.mended();
    this.#broken = false;
  }
}
