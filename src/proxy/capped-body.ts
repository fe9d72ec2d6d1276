import type { Source } from '../call/index.ts';
import { Relay } from './relay.ts';

/** The body as it comes, until it exceeds `limit` bytes; then `exceeded` is called, and nothing more goes through. */
export class CappedBody extends Relay {
  #left: number;
  readonly #exceeded: () => void;

  constructor(body: Source, limit: number, exceeded: () => void) {
    super(body);
    this.#left = limit;
    this.#exceeded = exceeded;
  }

  override write(chunk: Uint8Array): boolean {
    this.#left -= chunk.length;
    if (this.#left >= 0) return super.write(chunk);
    this.#exceeded();
    return false;
  }

  override end(): void {
    if (this.#left >= 0) super.end();
  }
}
