import type { Secret } from '../lib/index.ts';

/** An Authorization field with a token in it, read. */
export interface ReadToken {
  readonly field: string;
  readonly scheme: 'bearer' | 'dpop';
  readonly token: Secret;
}

/** As many as signatures are remembered by the verifier. */
const MOST = 4096;
/** Characters at the end of a field, where the signature is. */
const END = 12;

/**
 * Tokens that came lately. Callers send the same one with call after call: whoever gets the same `Secret` again knows
 * that it is the same token, to the last character, and need neither read nor hash it anew. Each is held so that it can
 * be let go of at any time: no token lives longer for being here.
 */
export class SeenTokens {
  /** By a number made of the field's end; of two fields with one number, the later one. */
  readonly #seen = new Map<number, WeakRef<ReadToken>>();

  get size(): number {
    return this.#seen.size;
  }

  /** What was read from this very field before, if that is still known. */
  find(field: string): ReadToken | undefined {
    const seen = this.#seen.get(numberOf(field))?.deref();
    return seen?.field === field ? seen : undefined;
  }

  add(read: ReadToken): void {
    if (this.#seen.size >= MOST) this.#seen.clear();
    this.#seen.set(numberOf(read.field), new WeakRef(read));
  }
}

/** A part of the text as a key would keep the whole text alive. */
function numberOf(field: string): number {
  let number = 0;
  for (let at = Math.max(0, field.length - END); at < field.length; at++)
    number = (Math.imul(number, 31) + field.charCodeAt(at)) | 0;
  return number;
}
