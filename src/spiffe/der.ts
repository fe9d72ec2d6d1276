/** Which rule of DER (or of our own limits) the bytes break. */
export type DerFault =
  'TRUNCATED' | 'LENGTH' | 'TAG' | 'TRAILING' | 'VALUE' | 'DUPLICATE' | 'TOO_LARGE';

/** The bytes cannot be read in exactly one way. The message names the rule, never the bytes. */
export class DerError extends Error {
  override readonly name = 'DerError';
  readonly code: DerFault;

  constructor(code: DerFault, message: string) {
    super(message);
    this.code = code;
  }
}

/** Identifier octets of the universal types that certificates and CRLs use. */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
} as const;

/** `[number]` of bare bytes. */
export function contextTag(number: number): number {
  return 0x80 | number;
}

/** `[number]` around whole elements. */
export function contextGroup(number: number): number {
  return 0xa0 | number;
}

/** One element: a view of the bytes, nothing is copied. */
export interface DerElement {
  readonly tag: number;
  readonly content: Uint8Array;
  /** Tag and length too. */
  readonly whole: Uint8Array;
}

const HIGH_TAG = 0x1f;
const MAX_LENGTH_BYTES = 4;

/**
 * Reads elements one after the other. It never descends by itself, so nesting in the input costs no stack; the length of
 * the input bounds all work. Indefinite and over-long lengths and tags above 30 are refused.
 */
export class DerReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** The tag of the next element; undefined at the end. */
  peek(): number | undefined {
    return this.#bytes[this.#at];
  }

  /** @throws DerError */
  any(): DerElement {
    const start = this.#at;
    const tag = this.#byte();
    if ((tag & HIGH_TAG) === HIGH_TAG) throw new DerError('TAG', 'a tag number is above 30');
    const length = this.#length();
    const from = this.#at;
    const to = from + length;
    if (to > this.#bytes.length) throw new DerError('TRUNCATED', 'an element ends too early');
    this.#at = to;
    return { tag, content: this.#bytes.subarray(from, to), whole: this.#bytes.subarray(start, to) };
  }

  /** @throws DerError if the next element has another tag */
  take(tag: number): DerElement {
    if (this.peek() === undefined) throw new DerError('TRUNCATED', 'an element is missing');
    if (this.peek() !== tag) throw new DerError('TAG', 'an element has another type than expected');
    return this.any();
  }

  /** @throws DerError if the element is there, and broken */
  optional(tag: number): DerElement | undefined {
    return this.peek() === tag ? this.any() : undefined;
  }

  /** A reader of what is inside the next element. @throws DerError */
  enter(tag: number): DerReader {
    return new DerReader(this.take(tag).content);
  }

  /** @throws DerError if anything is left */
  end(): void {
    if (this.#at !== this.#bytes.length)
      throw new DerError('TRAILING', 'there is more than there should be');
  }

  #byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw new DerError('TRUNCATED', 'an element ends too early');
    this.#at += 1;
    return byte;
  }

  #length(): number {
    const first = this.#byte();
    if (first < 0x80) return first;
    const count = first & 0x7f;
    if (count === 0) throw new DerError('LENGTH', 'a length is indefinite');
    if (count > MAX_LENGTH_BYTES) throw new DerError('LENGTH', 'a length is too long');
    let length = 0;
    for (let i = 0; i < count; i++) length = length * 256 + this.#byte();
    // A second way to write the same length would let two readers disagree (X.690 10.1).
    if (length < 0x80 || length < 256 ** (count - 1))
      throw new DerError('LENGTH', 'a length is not written in its shortest form');
    return length;
  }
}

/** A reader of the one element that the bytes consist of. @throws DerError */
export function enterOnly(bytes: Uint8Array, tag: number): DerReader {
  const outer = new DerReader(bytes);
  const inner = outer.enter(tag);
  outer.end();
  return inner;
}
