import { hash } from 'node:crypto';

/** The last line of a chain: its number, and the hash that the next line repeats. */
export interface Link {
  readonly seq: number;
  readonly hash: string;
}

export const BEGINNING: Link = Object.freeze({ seq: 0, hash: '' });

/** SHA-256 of the exact bytes of a line without its line break, base64url. */
export function hashOf(line: string | Uint8Array): string {
  return hash('sha256', line, 'base64url');
}

/**
 * Numbers the lines of the audit, and has each repeat the hash of the one before: whoever changes, removes or reorders one
 * must rewrite every line after it, and cannot sign the heads among those.
 */
export class Chain {
  #last: Link;

  constructor(last: Link) {
    this.#last = last;
  }

  get last(): Link {
    return this.#last;
  }

  /** The line with its place in the chain; `line` is a JSON object that is not empty. */
  link(line: string): string {
    const text = this.place(line);
    this.step(text);
    return text;
  }

  /** The same, without taking the step: what is still to be signed. */
  place(line: string): string {
    const { seq, hash: prev } = this.#last;
    return `${line.slice(0, -1)},"seq":${seq + 1},"prev":"${prev}"}`;
  }

  step(text: string): void {
    this.#last = { seq: this.#last.seq + 1, hash: hashOf(text) };
  }

  /** Back to where a line was the last one, because what came after it was never written. */
  backTo(last: Link): void {
    this.#last = last;
  }
}
