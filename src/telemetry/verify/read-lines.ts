import { createReadStream } from 'node:fs';
import { OperatorFault } from '../../lib/index.ts';

export interface FileLine {
  /** Without its line break. */
  readonly bytes: Buffer;
  /** From 1. */
  readonly number: number;
  /** False for a last line without a line break. */
  readonly ended: boolean;
}

const LINE_FEED = 0x0a;
/** A longer line is given in pieces of this size; no line of an audit is a tenth as long. */
const MAX_LINE = 1024 * 1024;

/**
 * The lines of a file in batches, a chunk of the file at a time, so that a file of any size is read in little memory. Bytes
 * are valid until the next batch.
 *
 * @throws OperatorFault if it cannot be read
 */
export async function* readLines(path: string): AsyncGenerator<FileLine[]> {
  let rest: Buffer = Buffer.alloc(0);
  let number = 0;
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: MAX_LINE })) {
      const bytes: Buffer = rest.length === 0 ? (chunk as Buffer) : Buffer.concat([rest, chunk]);
      const lines: FileLine[] = [];
      let begin = 0;
      for (let end: number; (end = bytes.indexOf(LINE_FEED, begin)) !== -1; begin = end + 1)
        lines.push({ bytes: bytes.subarray(begin, end), number: ++number, ended: true });
      rest = bytes.subarray(begin);
      if (rest.length > MAX_LINE) {
        lines.push({ bytes: rest, number: ++number, ended: true });
        rest = Buffer.alloc(0);
      }
      yield lines;
    }
  } catch (cause) {
    throw unreadable(path, cause);
  }
  if (rest.length > 0) yield [{ bytes: rest, number: number + 1, ended: false }];
}

function unreadable(path: string, cause: unknown): OperatorFault {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
  const reason = REASONS[code] ?? `the system said ${code}`;
  const remedy = 'Name the audit files, the oldest first.';
  return new OperatorFault(`cannot read ${path}: ${reason}`, remedy, { cause });
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'it is not there',
  EACCES: 'this user may not read it',
  EISDIR: 'it is a folder',
};
