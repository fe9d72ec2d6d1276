import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fchmodSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { OperatorFault } from '../lib/index.ts';

export interface WriteOptions {
  /** Permission bits; 0o600 for keys. */
  readonly mode: number;
  /** What to do if the file is there already. */
  readonly existing: 'replace' | 'refuse';
}

/**
 * Writes a file whole or not at all: into a neighbour, flushed, then renamed (`replace`) or linked (`refuse`) into place.
 * With `refuse`, a file that is there is never touched, also if it appears in that very moment.
 *
 * @throws OperatorFault if the file is there and must not be replaced, or cannot be written
 */
export function writeFileAtomic(
  path: string,
  content: string | Uint8Array,
  options: WriteOptions,
): void {
  const neighbour = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeWhole(neighbour, content, options.mode);
    if (options.existing === 'replace') renameSync(neighbour, path);
    else linkSync(neighbour, path);
  } catch (error) {
    if (isThere(error))
      throw new OperatorFault(
        `${path} is there already and is not overwritten`,
        'Move it away first, or choose another name.',
        { cause: error },
      );
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw new OperatorFault(
      `cannot write ${path}: the system said ${reason}`,
      'Check that the folder is there and that this user may write to it.',
      { cause: error, exitCode: 1 },
    );
  } finally {
    removeQuietly(neighbour);
  }
}

/** Of the file itself, not of a folder in whose place a file is. */
function isThere(error: unknown): boolean {
  const { code, syscall } = error as NodeJS.ErrnoException;
  return code === 'EEXIST' && syscall !== 'mkdir';
}

/** What could not be written may be impossible to remove as well; the first fault is the one to tell. */
function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // Nothing was left there.
  }
}

function writeWhole(path: string, content: string | Uint8Array, mode: number): void {
  const file = openSync(path, 'wx', mode);
  try {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done);
    fchmodSync(file, mode);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
