import type { Source } from '../call/index.ts';
import { Relay } from './relay.ts';

/**
 * The body as it comes, until a text stands in it, on the border of two chunks too; then `found` is called, and nothing
 * more goes through. What of the text had gone before is for `found` to make worthless.
 */
export class WatchedBody extends Relay {
  readonly #text: string;
  readonly #found: () => void;
  /** The end of what has gone by, shorter than the text; a character a byte, as in the text. */
  #tail = '';
  #over = false;

  constructor(body: Source, text: string, found: () => void) {
    super(body);
    this.#text = text;
    this.#found = found;
  }

  override write(chunk: Uint8Array): boolean {
    if (this.#over) return false;
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    this.#over = this.#standsIn(bytes);
    if (!this.#over) return super.write(chunk);
    this.#found();
    // One that has come to its end already does not hear of it, and would leave its reader waiting.
    this.fail(new Error('the body holds a credential'));
    return false;
  }

  override end(): void {
    if (!this.#over) super.end();
  }

  #standsIn(bytes: Buffer): boolean {
    const border = this.#text.length - 1;
    const { length } = bytes;
    if (this.#tail !== '') {
      const across = this.#tail + bytes.toString('latin1', 0, Math.min(border, length));
      if (across.includes(this.#text)) return true;
    }
    // A copy: whoever brings the bytes may use their memory anew.
    const last = bytes.toString('latin1', Math.max(0, length - border));
    this.#tail = length >= border ? last : (this.#tail + last).slice(-border);
    return length > border && bytes.includes(this.#text, 0, 'latin1');
  }
}
