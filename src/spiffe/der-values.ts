import { DerError, TAG, type DerElement, type DerReader } from './der.ts';

const MAX_OID_BYTES = 64;
const MAX_SERIAL_BYTES = 20;

/** A non-negative INTEGER's magnitude, without the sign octet. @throws DerError */
function magnitudeOf(content: Uint8Array): Uint8Array {
  const [first, second] = content;
  if (first === undefined) throw new DerError('VALUE', 'an integer is empty');
  if (first >= 0x80) throw new DerError('VALUE', 'an integer is negative');
  if (first !== 0 || second === undefined) return content;
  if (second < 0x80) throw new DerError('VALUE', 'an integer is not in its shortest form');
  return content.subarray(1);
}

/** Lower-case hexadecimal, two digits a byte, as OpenSSL prints it but for the case. @throws DerError */
export function serialOf(element: DerElement): string {
  const magnitude = magnitudeOf(element.content);
  if (magnitude.length > MAX_SERIAL_BYTES)
    throw new DerError('TOO_LARGE', `a serial has more than ${MAX_SERIAL_BYTES} bytes`);
  return hexOf(magnitude);
}

/** A non-negative INTEGER below 2^31. @throws DerError */
export function smallIntegerOf(element: DerElement): number {
  const magnitude = magnitudeOf(element.content);
  const value = magnitude.reduce((sum, byte) => sum * 256 + byte, 0);
  if (magnitude.length > 4 || value >= 2 ** 31)
    throw new DerError('TOO_LARGE', 'a number is out of range');
  return value;
}

/** A non-negative INTEGER of at most 20 bytes. @throws DerError */
export function bigIntegerOf(element: DerElement): bigint {
  return BigInt(`0x${serialOf(element)}`);
}

/**
 * `BOOLEAN DEFAULT FALSE`. A FALSE that is written out is not DER, but can be read in one way only, and common encoders
 * write it; so it is taken. @throws DerError
 */
export function optionalBoolean(reader: DerReader): boolean {
  const element = reader.optional(TAG.boolean);
  if (element === undefined) return false;
  const [value] = element.content;
  if (element.content.length !== 1 || (value !== 0 && value !== 0xff))
    throw new DerError('VALUE', 'a boolean is neither true nor false');
  return value === 0xff;
}

/** Dotted decimal. @throws DerError */
export function oidOf(element: DerElement): string {
  const { content } = element;
  if (content.length === 0) throw new DerError('VALUE', 'an object identifier is empty');
  if (content.length > MAX_OID_BYTES)
    throw new DerError('TOO_LARGE', 'an object identifier is too long');
  const arcs: bigint[] = [];
  let arc = 0n;
  let begun = false;
  for (const byte of content) {
    if (!begun && byte === 0x80)
      throw new DerError('VALUE', 'an object identifier is not in its shortest form');
    arc = (arc << 7n) | BigInt(byte & 0x7f);
    begun = byte >= 0x80;
    if (begun) continue;
    arcs.push(arc);
    arc = 0n;
  }
  if (begun) throw new DerError('TRUNCATED', 'an object identifier ends too early');
  const [first = 0n, ...others] = arcs;
  // The first two arcs share one number (X.690 8.19.4).
  const root = first < 80n ? first / 40n : 2n;
  return [root, first - root * 40n, ...others].join('.');
}

/** The bytes of a BIT STRING that is a whole number of bytes, e.g. a signature. @throws DerError */
export function bitStringBytes(element: DerElement): Uint8Array {
  if (element.content[0] !== 0) throw new DerError('VALUE', 'a bit string has odd bits');
  return element.content.subarray(1);
}

/** Which of a BIT STRING's named bits are set. @throws DerError */
export function namedBitsOf(element: DerElement): ReadonlySet<number> {
  const [unused, ...bytes] = element.content;
  const last = bytes.at(-1);
  if (unused === undefined || unused > 7 || (last === undefined && unused !== 0))
    throw new DerError('VALUE', 'a bit string has an impossible length');
  if (bytes.length > 8) throw new DerError('TOO_LARGE', 'a list of named bits is too long');
  if (((last ?? 0) & ((1 << unused) - 1)) !== 0)
    throw new DerError('VALUE', 'the unused bits of a bit string are set');
  const set = new Set<number>();
  for (const [index, byte] of bytes.entries())
    for (let bit = 0; bit < 8; bit++) if ((byte & (0x80 >> bit)) !== 0) set.add(index * 8 + bit);
  return set;
}

const UTC_TIME = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/;
const GENERALIZED_TIME = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/;

/** Milliseconds since the epoch of a UTCTime or a GeneralizedTime in the form of RFC 5280 4.1.2.5. @throws DerError */
export function takeTime(reader: DerReader): number {
  const short = reader.peek() === TAG.utcTime;
  const { content } = reader.take(short ? TAG.utcTime : TAG.generalizedTime);
  const text = latin1Of(content.subarray(0, 16));
  const match = (short ? UTC_TIME : GENERALIZED_TIME).exec(text);
  if (match === null) throw new DerError('VALUE', 'a time is malformed');
  const [year = 0, month = 0, ...rest] = match.slice(1).map(Number);
  const [day = 0, hour = 0, minute = 0, second = 0] = rest;
  const fullYear = !short ? year : year < 50 ? 2000 + year : 1900 + year;
  const date = new Date(0);
  date.setUTCFullYear(fullYear, month - 1, day);
  date.setUTCHours(hour, minute, second);
  // 31 February and 25 o'clock would silently become another time.
  const written = date.toISOString().replace(/[-:T]/g, '').slice(0, 14);
  if (written !== `${String(fullYear).padStart(4, '0')}${text.slice(short ? 2 : 4, -1)}`)
    throw new DerError('VALUE', 'a time does not exist');
  return date.getTime();
}

export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}

/** One character a byte: nothing is lost, and what is not ASCII fails every grammar that follows. */
export function latin1Of(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}
