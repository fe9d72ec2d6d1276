import type { Sink, Source } from '../call/index.ts';
import { Relay } from './relay.ts';

/** The caller's body: counted, and asked for only when somebody wants it. */
export class RequestBody extends Relay {
  bytes = 0;
  started = false;
  #halted = false;
  readonly #beforeFirst: () => void;

  /** `beforeFirst` is called once, before the first byte is read. */
  constructor(source: Source, beforeFirst: () => void) {
    super(source);
    this.#beforeFirst = beforeFirst;
  }

  /** Whether somebody is ready for what the caller has yet to send. */
  get isAwaited(): boolean {
    return this.started && !this.#halted;
  }

  override start(sink: Sink): void {
    this.started = true;
    this.#beforeFirst();
    super.start(sink);
  }

  override pause(): void {
    this.#halted = true;
    super.pause();
  }

  override resume(): void {
    this.#halted = false;
    super.resume();
  }

  override cancel(reason: Error): void {
    this.#halted = true;
    super.cancel(reason);
  }

  override write(chunk: Uint8Array): boolean {
    this.bytes += chunk.length;
    return super.write(chunk);
  }
}
