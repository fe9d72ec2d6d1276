import type { End, Reply, Source } from '../call/index.ts';
import type { RawHead } from './head.ts';

/** One request on the wire and its one answer; hides which wire it is. */
export interface Exchange {
  readonly head: RawHead;
  /** Whether the caller stopped speaking HTTP after this head, to change the protocol. */
  readonly upgrade: boolean;
  /** The body. Starting it sends `100 Continue` if the caller waits for that. */
  readonly body: Source;
  /** Called at most once, when the caller goes away, or is cut off, before the answer is complete. */
  onGone(listener: () => void): void;
  /** Answers. Resolves once, when both directions are over. */
  send(reply: Reply): Promise<End>;
  /** Breaks both directions off now; what was sent does not look complete. */
  cut(): void;
  /** Ends the call: the caller is told why if it has no answer yet, else the answer is broken off. */
  stop(): void;
}
