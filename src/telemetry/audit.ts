import type { AppendFile, AuditQueueOptions, Weight } from './audit-settings.ts';
import type { Batch } from './batch.ts';
import type { HeadReason } from './head.ts';
import { WaitingLines } from './waiting-lines.ts';

/** Milliseconds. A process that is killed loses at most what came in them. */
const GATHER = 10;

/**
 * The queue before the audit file: lines wait in memory, are linked and written in batches, in order, and none twice.
 * Nobody waits for the disk, and the memory is bounded: calls that were carried out and refusals wait in lanes of their
 * own, so that neither can push out the record of the other.
 */
export class AuditQueue {
  readonly #options: AuditQueueOptions;
  readonly #waiting: WaitingLines;
  #file: AppendFile;
  #next: AppendFile | undefined;
  #batch: Batch | undefined;
  #writing: Promise<void> | undefined;
  #retry: NodeJS.Timeout | undefined;
  #broken = false;
  #closed = false;

  constructor(file: AppendFile, options: AuditQueueOptions) {
    this.#file = file;
    this.#options = options;
    this.#waiting = new WaitingLines(options);
  }

  /** True while what happens now could not be recorded: too much waits, or the disk fails. */
  get full(): boolean {
    return this.#broken || this.#closed || this.#waiting.done >= this.#options.bounds.queued;
  }

  /** `caller` is whose share of the lane the line takes; undefined for nobody's. */
  add(line: string, weight: Weight, caller?: string): void {
    if (this.#closed || !this.#waiting.add(line, weight, caller)) this.#options.notes.dropped();
    else this.#wake();
  }

  /** Has a line that the audit writes about itself come next. */
  tell(line: string): void {
    this.#waiting.addFirst(line);
    this.#wake();
  }

  /** Has a head follow what waits. */
  seal(why: HeadReason): void {
    this.#waiting.seal(why);
    this.#wake();
  }

  /** Finishes the file with a head and goes on in another; what the old one does not take goes to the new one. */
  goOnIn(next: AppendFile): void {
    const superseded = this.#next;
    this.#next = next;
    void superseded?.close().catch(() => undefined);
    void this.flush();
  }

  /** Resolves when everything queued so far is in the file, or could not be written. */
  async flush(): Promise<void> {
    if (this.#retry !== undefined) clearTimeout(this.#retry);
    this.#retry = undefined;
    if (this.#pending) this.#writing ??= this.#begin();
    await this.#writing;
  }

  /**
   * Writes what waits and a last head, then closes the file. What still cannot be written is dropped and counted; a disk
   * that does not answer is not waited for longer than the bounds say.
   */
  async close(): Promise<void> {
    if (this.#closed) return;
    const answers = await within(this.#options.bounds.closing, this.#finish());
    this.#closed = true;
    if (this.#retry !== undefined) clearTimeout(this.#retry);
    const lost = this.#waiting.countWith(this.#batch);
    for (let i = 0; i < lost; i++) this.#options.notes.dropped();
    const closed = this.#file.close();
    if (answers) await closed;
    else void closed.catch(() => undefined);
  }

  async #finish(): Promise<void> {
    await this.flush();
    this.#waiting.seal('exit');
    await this.flush();
  }

  get #pending(): boolean {
    return this.#batch !== undefined || this.#next !== undefined || this.#waiting.any;
  }

  #wake(): void {
    if (!this.#broken) this.#writing ??= this.#begin();
  }

  /** Lines are gathered for a moment: under load a write a line would cost as much as the rest of the call. */
  async #begin(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, GATHER));
    try {
      while (this.#pending) await this.#step();
      this.#writes();
    } catch (error) {
      this.#fails(error);
    } finally {
      this.#writing = undefined;
    }
  }

  async #step(): Promise<void> {
    if (this.#next !== undefined) return this.#turnTo(this.#next);
    this.#batch ??= this.#waiting.draw();
    if (this.#batch !== undefined) await this.#write(this.#batch);
  }

  async #turnTo(next: AppendFile): Promise<void> {
    const old = this.#file;
    try {
      if (this.#batch !== undefined) await this.#write(this.#batch);
      this.#batch = this.#waiting.drawEnd();
      if (this.#batch !== undefined) await this.#write(this.#batch);
    } catch {
      if (this.#batch !== undefined) this.#waiting.takeBack(this.#batch);
      this.#batch = undefined;
    }
    this.#file = next;
    this.#options.turned();
    if (this.#next === next) this.#next = undefined;
    await old.close().catch(() => undefined);
  }

  async #write(batch: Batch): Promise<void> {
    while (batch.rest.length > 0) batch.wrote(await this.#file.write(batch.rest));
    this.#waiting.wrote(batch);
    this.#batch = undefined;
  }

  #writes(): void {
    if (this.#broken) this.#options.notes.mended();
    this.#broken = false;
  }

  #fails(error: unknown): void {
    if (!this.#broken) this.#options.notes.broke(error);
    this.#broken = true;
    this.#retry = setTimeout(() => void this.flush(), this.#options.bounds.retry).unref();
  }
}

/** Whether it was over in time. */
async function within(milliseconds: number, work: Promise<void>): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), milliseconds);
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
