import type { Headers, Reply, Source } from '../call/index.ts';

/** A call as the agent is to get it. */
export interface UpstreamRequest {
  readonly method: string;
  /** With its query; begins with one slash, never two. */
  readonly path: string;
  /** Final, names in lower case, with `host`; without framing, `connection`, `upgrade` and `expect`. */
  readonly headers: Headers;
  readonly body: Source | undefined;
  /** Bytes; undefined for a body of unknown length, which then goes in chunks. */
  readonly bodyLength: number | undefined;
  readonly upgrade: 'websocket' | undefined;
}

/** A call that is with the agent. */
export interface Exchange {
  /**
   * The answer, as soon as its head is there. Its source or tunnel has to be started or cancelled. Rejects with a
   * `Refusal`; after `abort`, or if the source of the request's body failed, with that very error.
   */
  readonly reply: Promise<Reply>;
  /** Bytes of the request's body that were taken so far. */
  readonly sent: number;
  /** Destroys the connection to the agent at once, before or after the head. An answer under way fails with `reason`. */
  abort(reason: Error): void;
}
