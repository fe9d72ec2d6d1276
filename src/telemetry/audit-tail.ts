import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { BEGINNING, hashOf, type Link } from './chain.ts';
import { readLinked } from './linked-line.ts';

/** More than the longest line, a torn one behind it included. */
const WINDOW = 64 * 1024;
const LINE_FEED = 0x0a;

/** How a file ends to which the audit is to be appended. */
export interface Tail {
  /** Its last whole line of a chain; the beginning if there is none. */
  readonly last: Link;
  /** Nothing is missing at its end: it is empty, or sealed by the head that is written at exit. */
  readonly closed: boolean;
  /** What stands behind the last line and is none. */
  readonly fragment: Buffer | undefined;
  /** The last byte is no line break. */
  readonly unfinished: boolean;
  /** There are lines, but no chain to go on with. */
  readonly foreign: boolean;
}

const EMPTY: Tail = {
  last: BEGINNING,
  closed: true,
  fragment: undefined,
  unfinished: false,
  foreign: false,
};

/** Reads the end of a file, 64 KiB at most; what is no regular file or may not be read counts as empty. */
export function readTail(path: string): Tail {
  const end = lastBytes(path);
  if (end === undefined || end.bytes.length === 0) return EMPTY;
  const unfinished = end.bytes.at(-1) !== LINE_FEED;
  const [last, before] = lastLines(end.bytes, end.whole);
  const linked = last && readLinked(last);
  if (last === undefined) return { ...EMPTY, closed: false, unfinished, foreign: true };
  if (linked !== undefined) {
    const closed = linked.event === 'head' && linked.why === 'exit';
    return { ...EMPTY, last: { seq: linked.seq, hash: hashOf(last) }, closed, unfinished };
  }
  const behind = before && readLinked(before);
  if (before !== undefined && behind !== undefined) {
    const link = { seq: behind.seq, hash: hashOf(before) };
    return { last: link, closed: false, fragment: last, unfinished, foreign: false };
  }
  const only = before === undefined && end.whole;
  const fragment = only ? last : undefined;
  return { last: BEGINNING, closed: false, fragment, unfinished, foreign: !only };
}

/** The last line and the one before it; a part of a line that begins before the window is none. */
function lastLines(bytes: Buffer, whole: boolean): (Buffer | undefined)[] {
  const end = bytes.at(-1) === LINE_FEED ? bytes.length - 1 : bytes.length;
  const begin = beginOf(bytes, end);
  if (begin === 0) return [whole ? bytes.subarray(0, end) : undefined];
  const before = beginOf(bytes, begin - 1);
  const last = bytes.subarray(begin, end);
  return before === 0 && !whole ? [last] : [last, bytes.subarray(before, begin - 1)];
}

function beginOf(bytes: Buffer, end: number): number {
  return end === 0 ? 0 : bytes.lastIndexOf(LINE_FEED, end - 1) + 1;
}

function lastBytes(path: string): { bytes: Buffer; whole: boolean } | undefined {
  let file: number | undefined;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = fstatSync(file);
    if (!stat.isFile()) return undefined;
    const bytes = Buffer.alloc(Math.min(stat.size, WINDOW));
    const from = stat.size - bytes.length;
    const read = readSync(file, bytes, 0, bytes.length, from);
    return { bytes: bytes.subarray(0, read), whole: from === 0 };
  } catch {
    return undefined;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
