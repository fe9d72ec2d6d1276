import { Refusal, isHopByHop, type Headers } from '../call/index.ts';
import { malformed } from './failure.ts';

/** The head of an answer as it may go on, and what it says of the body that follows. */
export interface AnswerHead {
  readonly headers: Headers;
  /** Bytes; undefined if the answer does not say. */
  readonly length: number | undefined;
  /** Whether the body ends only with the connection. */
  readonly untilClose: boolean;
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
// An answer that could end a line early would let the agent write fields, or whole answers, of ours.
const UNPRINTABLE = /[^\t\x20-\x7e\x80-\xff]/;

/** Reads the raw header lines of undici (name, value, name, value); a refusal if they are not proper HTTP. */
export function readAnswerHead(status: number, raw: readonly unknown[]): AnswerHead | Refusal {
  if (status < 200 || status > 599) return malformed(`status ${status}`);
  const lines = readLines(raw);
  if (lines instanceof Refusal) return lines;
  const length = readLength(lines);
  if (length instanceof Refusal) return length;
  const codings = lines.filter(([name]) => name === 'transfer-encoding');
  const chunked = codings.length > 0;
  // The field stays behind, so nobody could undo any other coding.
  if (chunked && codings.map(([, value]) => value.toLowerCase()).join() !== 'chunked')
    return malformed('an unknown transfer coding');
  // Two framings are two answers, depending on who reads: response splitting.
  if (chunked && length !== undefined) return malformed('content-length beside transfer-encoding');
  const untilClose = !chunked && length === undefined;
  return { headers: endToEnd(lines, status), length, untilClose };
}

/** The head of an answer that changes the protocol; a refusal if it is not to the one that was asked for. */
export function readUpgradeHead(wanted: string, raw: readonly unknown[]): Headers | Refusal {
  const lines = readLines(raw);
  if (lines instanceof Refusal) return lines;
  const given = lines.filter(([name]) => name === 'upgrade');
  if (given.length !== 1 || given[0]?.[1].toLowerCase() !== wanted)
    return malformed('a change to a protocol that was not asked for');
  return [['connection', 'upgrade'], ['upgrade', wanted], ...endToEnd(lines, 101)];
}

function readLines(raw: readonly unknown[]): Headers | Refusal {
  const lines: (readonly [string, string])[] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = latin1(raw[i]).toLowerCase();
    const value = latin1(raw[i + 1]);
    if (!TOKEN.test(name) || UNPRINTABLE.test(value)) return malformed('a header field');
    lines.push([name, value]);
  }
  return lines;
}

function readLength(lines: Headers): number | undefined | Refusal {
  let length: number | undefined;
  for (const [name, value] of lines) {
    if (name !== 'content-length') continue;
    if (length !== undefined || !/^\d{1,15}$/.test(value)) return malformed('content-length');
    length = Number(value);
  }
  return length;
}

function endToEnd(lines: Headers, status: number): Headers {
  const listed = new Set<string>();
  // RFC 9110, 8.6: no content-length with 1xx and 204.
  if (status < 200 || status === 204) listed.add('content-length');
  for (const [name, value] of lines) {
    if (name !== 'connection') continue;
    for (const option of value.split(',')) listed.add(option.trim().toLowerCase());
  }
  return lines.filter(([name]) => !isHopByHop(name) && !listed.has(name));
}

/** Byte for byte, because the caller gets the same bytes back. */
function latin1(text: unknown): string {
  if (Buffer.isBuffer(text)) return text.toString('latin1');
  throw new TypeError('undici gave header lines in a form that is not known here');
}
