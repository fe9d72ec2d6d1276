import type { Sink, Source } from '../call/index.ts';
import { Relay } from './relay.ts';

/** The caller's body: counted, and asked for only when somebody wants it. */
export class RequestBody extends Relay {
  bytes = 0;
  started = false;
  readonly #beforeFirst: () => void;

  /** `beforeFirst` is called once, before the first byte is read. */
  constructor(source: Source, beforeFirst: () => void) {
    super(source);
    this.#beforeFirst = beforeFirst;
  }

  override start(sink: Sink): void {
    this.started = true;
    this.#beforeFirst();
    super.start(sink);
  }

  override write(chunk: Uint8Array): boolean {
    this.bytes += chunk.length;
    return super.write(chunk);
  }
}
