import { close, constants, fsync, openSync, write } from 'node:fs';
import { promisify } from 'node:util';
import { OperatorFault } from '../lib/index.ts';
import type { AppendFile } from './audit.ts';

// Without O_NONBLOCK, a named pipe that nobody reads would hold up the start for ever.
const FLAGS = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK;

const closeFile = promisify(close);
const syncFile = promisify(fsync);
const writeTo = promisify(write) as (
  file: number,
  bytes: Uint8Array,
) => Promise<{ bytesWritten: number }>;

/**
 * Opens the audit to append to it; a new file is for its owner alone, an existing one keeps its mode.
 *
 * @throws OperatorFault that names the file, the reason and the remedy
 */
export function openAudit(path: string): AppendFile {
  const file = open(path);
  return {
    write: async (bytes) => (await writeTo(file, bytes)).bytesWritten,
    close: async () => {
      // Devices and pipes cannot be synced, and a close should not fail for it.
      await syncFile(file).catch(() => undefined);
      await closeFile(file);
    },
  };
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
