import { close, closeSync, constants, fstatSync, fsync, openSync, stat, write } from 'node:fs';
import { promisify } from 'node:util';
import { OperatorFault } from '../lib/index.ts';
import type { AppendFile } from './audit-settings.ts';

// Without O_NONBLOCK, a named pipe that nobody reads would hold up the start for ever.
const FLAGS = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK;

/** Milliseconds. */
const READER_PAUSE = 20;
const NOTHING = Buffer.alloc(0);
const LINE_BREAK = Buffer.from('\n');

const closeFile = promisify(close);
const statFile = promisify(stat);
const syncFile = promisify(fsync);
const writeTo = promisify(write) as (
  file: number,
  bytes: Uint8Array,
) => Promise<{ bytesWritten: number }>;

/** An open audit file that knows itself again. */
export interface AuditFile extends AppendFile {
  /** Whether this path leads to it. Nobody waits: the disk may hang. */
  isAt(path: string): Promise<boolean>;
  isSameAs(other: AuditFile): boolean;
  readonly identity: string;
  /** Closes what nothing was written to. */
  discard(): void;
}

/**
 * Opens the audit to append to it; a new file is for its owner alone, an existing one keeps its mode. With
 * `onNewLine`, a line break comes before the first bytes.
 *
 * @throws OperatorFault that names the file, the reason and the remedy
 */
export function openAudit(path: string, options: { onNewLine?: boolean } = {}): AuditFile {
  const file = open(path);
  const identity = identityOf(fstatSync(file));
  let before = options.onNewLine === true ? LINE_BREAK : NOTHING;
  return {
    identity,
    write: async (bytes) => {
      const all = before.length === 0 ? bytes : Buffer.concat([before, bytes]);
      const bytesWritten = await writeSome(file, all);
      const own = Math.min(before.length, bytesWritten);
      before = before.subarray(own);
      return bytesWritten - own;
    },
    close: async () => {
      // Devices and pipes cannot be synced, and a close should not fail for it.
      await syncFile(file).catch(() => undefined);
      await closeFile(file);
    },
    isAt: async (where) => {
      const found = await statFile(where).catch(() => undefined);
      return found !== undefined && identityOf(found) === identity;
    },
    isSameAs: (other) => other.identity === identity,
    discard: () => closeSync(file),
  };
}

/** A pipe whose reader is slow for a moment is no fault: it is waited for, as a slow disk is. */
async function writeSome(file: number, bytes: Uint8Array): Promise<number> {
  for (;;)
    try {
      return (await writeTo(file, bytes)).bytesWritten;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error;
      await new Promise((resolve) => setTimeout(resolve, READER_PAUSE).unref());
    }
}

function identityOf({ dev, ino }: { dev: number; ino: number }): string {
  return `${dev}:${ino}`;
}

function open(path: string): number {
  try {
    return openSync(path, FLAGS, 0o600);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    const known = REASONS[code];
    throw new OperatorFault(
      `cannot open the audit ${path}: ${known?.reason ?? `the system said ${code}`}`,
      known?.remedy ?? "Correct 'audit.file' in sidegate.yaml.",
      { cause: error },
    );
  }
}

const REASONS: Readonly<Record<string, { reason: string; remedy: string }>> = {
  ENOENT: { reason: 'its folder is not there', remedy: "Create it, or correct 'audit.file'." },
  ENOTDIR: {
    reason: 'a part of its path is not a folder',
    remedy: "Correct 'audit.file' in sidegate.yaml.",
  },
  EISDIR: { reason: 'it is a folder', remedy: "Name a file in it under 'audit.file'." },
  EACCES: {
    reason: 'this user may not write it',
    remedy: 'Give the user that runs sidegate the right to write there.',
  },
  EROFS: {
    reason: 'the file system is read-only',
    remedy: "Mount a writable volume, and name a file on it under 'audit.file'.",
  },
  ENXIO: { reason: 'it is a pipe that nobody reads', remedy: 'Start its reader first.' },
};
