import { readFileSync, statSync } from 'node:fs';
import { OperatorFault } from '../lib/index.ts';

const MAX_BYTES = 16 * 1024 * 1024;

/** What a file is for, in words that fit after "cannot read". */
export interface FileUse {
  /** e.g. `the policy` */
  readonly what: string;
  /** What to do when it is missing, e.g. `Run: sidegate ca init`. */
  readonly ifMissing: string;
}

/**
 * Reads a file of configuration or keys: at most 16 MiB.
 *
 * @throws OperatorFault that names the file, the reason and the remedy
 */
export function readFile(path: string, use: FileUse): Buffer {
  try {
    const { size } = statSync(path);
    if (size > MAX_BYTES)
      throw new OperatorFault(
        `cannot read ${use.what} ${path}: it has more than 16 MiB`,
        'Check that this is the file you meant.',
      );
    return readFileSync(path);
  } catch (error) {
    if (error instanceof OperatorFault) throw error;
    const code = codeOf(error);
    throw new OperatorFault(
      `cannot read ${use.what} ${path}: ${reasonOf(code)}`,
      code === 'ENOENT' ? use.ifMissing : remedyOf(code),
      { cause: error },
    );
  }
}

/** The file as UTF-8 text; other encodings and a byte order mark are faults. */
export function readText(path: string, use: FileUse): string {
  const bytes = readFile(path, use);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw new OperatorFault(
      `cannot read ${use.what} ${path}: it is not UTF-8 text`,
      'Save the file as UTF-8.',
      { cause: error },
    );
  }
}

/** Undefined if there is no such file. @throws OperatorFault if it is there and cannot be read */
export function readTextIfThere(path: string, what: string): string | undefined {
  try {
    return readText(path, { what, ifMissing: '' });
  } catch (error) {
    if (error instanceof OperatorFault && codeOf(error.cause) === 'ENOENT') return undefined;
    throw error;
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'this user may not read it',
  EPERM: 'this user may not read it',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of its path is not a folder',
};

function reasonOf(code: string): string {
  return REASONS[code] ?? `the system said ${code}`;
}

function remedyOf(code: string): string {
  return code === 'EACCES' || code === 'EPERM'
    ? 'Give the user that runs sidegate the right to read it.'
    : 'Check the path.';
}
