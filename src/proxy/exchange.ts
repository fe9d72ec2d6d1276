import type { End, Reply, Source } from '../call/index.ts';
import type { RawHead } from './head.ts';

/** How a caller and its call stand with each other at one moment. The first two only grow. */
export interface Standing {
  /** Bytes of the body that have come; undefined while nobody waits for the caller to send. */
  readonly sent: number | undefined;
  /** Bytes that have gone to the caller; undefined while none wait for it to take them. */
  readonly taken: number | undefined;
  /** Bytes of this call, in both directions, that are kept in this process. */
  readonly held: number;
}

/** One request on the wire and its one answer; hides which wire it is. */
export interface Exchange {
  readonly head: RawHead;
  /** Whether the caller stopped speaking HTTP after this head, to change the protocol. */
  readonly upgrade: boolean;
  /** The body. Starting it sends `100 Continue` if the caller waits for that. */
  readonly body: Source;
  readonly standing: Standing;
  /** Called at most once, when the caller goes away, or is cut off, before the answer is complete. */
  onGone(listener: () => void): void;
  /** Answers, if told so only after so many milliseconds. Resolves once, when both directions are over. */
  send(reply: Reply, after?: number): Promise<End>;
  /** Breaks both directions off now; what was sent does not look complete. */
  cut(): void;
  /** Ends the call: the caller is told why if it has no answer yet, else the answer is broken off. */
  stop(): void;
}
