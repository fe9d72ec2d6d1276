import { z } from 'zod';
import type { Chain } from './chain.ts';
import type { HeadReason } from './head.ts';
import type { LaneBounds } from './lanes.ts';

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
  /** Characters of carried-out calls that may wait for the disk; over it, the queue is full. */
  readonly queued: number;
  /** Room for each kind of lines; a line that finds none is dropped. */
  readonly lanes: Readonly<Record<Weight, LaneBounds>>;
  /** Milliseconds between two attempts while the disk fails. */
  readonly retry: number;
  /** Milliseconds that the end waits for a disk that does not answer. */
  readonly closing: number;
}

/** Takes bytes at the end of a file; `written` may be fewer than were given. */
export interface AppendFile {
  write(bytes: Uint8Array): Promise<number>;
  close(): Promise<void>;
}

/** What the queue needs besides its file. */
export interface AuditQueueOptions {
  readonly notes: AuditNotes;
  readonly bounds: AuditBounds;
  readonly chain: Chain;
  /** A signed line about all before it; undefined if nothing can sign. */
  readonly head: (why: HeadReason) => string | undefined;
  /** What comes now is in another file. */
  readonly turned: () => void;
  readonly now: () => number;
}
