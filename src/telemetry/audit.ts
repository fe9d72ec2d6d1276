import { z } from 'zod';

/** Where the audit goes, and what happens when it cannot be written. Without this section there is no audit file. */
export const auditShape = z.strictObject({
  file: z.string({ error: 'must be the path of a file' }).min(1, 'must be the path of a file'),
  /** `refuse`: no new calls while nothing can be recorded. `drop`: lines are lost, and counted. */
  onFull: z.enum(['refuse', 'drop']).default('refuse'),
});

export type AuditSettings = Readonly<z.infer<typeof auditShape>>;

/** Whether a line is evidence of something that was done, or of something that was refused. */
export type Weight = 'done' | 'refused';

/** What the audit tells of itself. */
export interface AuditNotes {
  dropped(): void;
  /** Told once when writing fails, and once when it works again. */
  broke(error: unknown): void;
  mended(): void;
}

export interface AuditBounds {
  /** Characters that may wait for the disk; over it, lines of refused calls are dropped. */
  readonly queued: number;
  /** Over it, every line is dropped. */
  readonly most: number;
  /** Milliseconds between two attempts while the disk fails. */
  readonly retry: number;
}

/** Takes bytes at the end of a file; `written` may be fewer than were given. */
export interface AppendFile {
  write(bytes: Uint8Array): Promise<number>;
  close(): Promise<void>;
}

const LINE_FEED = 0x0a;
/** Milliseconds. A process that is killed loses at most what came in them. */
const GATHER = 10;

/**
 * The queue before the audit file: lines wait in memory, are written in batches, in order, and none twice. Nobody waits
 * for the disk, and the memory is bounded: a flood of refused calls can never push out the record of a call that was
 * carried out.
 */
export class AuditQueue {
  readonly #file: AppendFile;
  readonly #notes: AuditNotes;
  readonly #bounds: AuditBounds;
  #lines: string[] = [];
  #queued = 0;
  #rest: Uint8Array = new Uint8Array(0);
  #writing: Promise<void> | undefined;
  #retry: NodeJS.Timeout | undefined;
  #broken = false;
  #closed = false;

  constructor(file: AppendFile, notes: AuditNotes, bounds: AuditBounds) {
    this.#file = file;
    this.#notes = notes;
    this.#bounds = bounds;
  }

  /** True while what happens now could not be recorded: the queue is over its bound, or the disk fails. */
  get full(): boolean {
    return this.#broken || this.#closed || this.#size >= this.#bounds.queued;
  }

  add(line: string, weight: Weight): void {
    const bound = weight === 'done' ? this.#bounds.most : this.#bounds.queued;
    if (this.#closed || this.#size + line.length > bound) {
      this.#notes.dropped();
      return;
    }
    this.#lines.push(line);
    this.#queued += line.length + 1;
    if (!this.#broken) this.#writing ??= this.#begin();
  }

  /** Resolves when everything queued so far is in the file, or could not be written. */
  async flush(): Promise<void> {
    if (this.#retry !== undefined) clearTimeout(this.#retry);
    this.#retry = undefined;
    if (this.#size > 0) this.#writing ??= this.#begin();
    await this.#writing;
  }

  /** Writes what waits, then closes the file. What still cannot be written is dropped and counted. */
  async close(): Promise<void> {
    if (this.#closed) return;
    await this.flush();
    this.#closed = true;
    if (this.#retry !== undefined) clearTimeout(this.#retry);
    const lost = this.#lines.length + this.#rest.filter((byte) => byte === LINE_FEED).length;
    for (let i = 0; i < lost; i++) this.#notes.dropped();
    await this.#file.close();
  }

  get #size(): number {
    return this.#queued + this.#rest.length;
  }

  /** Lines are gathered for a moment: under load a write a line would cost as much as the rest of the call. */
  async #begin(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, GATHER));
    try {
      while (this.#size > 0) await this.#writeBatch();
      this.#writes();
    } catch (error) {
      this.#fails(error);
    } finally {
      this.#writing = undefined;
    }
  }

  async #writeBatch(): Promise<void> {
    if (this.#rest.length === 0) {
      this.#rest = Buffer.from(`${this.#lines.join('\n')}\n`);
      this.#lines = [];
      this.#queued = 0;
    }
    const written = await this.#file.write(this.#rest);
    this.#rest = this.#rest.subarray(written);
  }

  #writes(): void {
    if (this.#broken) this.#notes.mended();
    this.#broken = false;
  }

  #fails(error: unknown): void {
    if (!this.#broken) this.#notes.broke(error);
    this.#broken = true;
    this.#retry = setTimeout(() => void this.flush(), this.#bounds.retry).unref();
  }
}
