/** Header fields in the order of the wire, names in lower case, one entry a line. */
export type Headers = readonly (readonly [name: string, value: string])[];

/** Where bytes come from. Pushes to its sink until told to pause; ends with exactly one of `end` and `fail`. */
export interface Source {
  /** Bytes that have arrived and that its sink has not been given. */
  readonly unread: number;
  /** Called once; nothing flows before. */
  start(sink: Sink): void;
  pause(): void;
  resume(): void;
  /** The bytes are no longer wanted. After it, the sink hears nothing more. */
  cancel(reason: Error): void;
}

/** Where bytes go to. */
export interface Sink {
  /** Bytes that it has taken and that are still in this process. */
  readonly unsent: number;
  /** False if it is full: no more until `drained` was called. */
  write(chunk: Uint8Array): boolean;
  /** The bytes are complete. */
  end(): void;
  /** The bytes broke off: what was sent must not look complete. */
  fail(error: Error): void;
  /** Calls `resume` once, when it takes bytes again. */
  onDrained(resume: () => void): void;
  /** Calls `broken` at most once: if it closes before `end` or `fail`, so that its source is not left waiting. */
  onBroken?(broken: (error: Error) => void): void;
}

/** Why a flow ended whose sink went away; any other error is the source's. */
export class BrokenSink extends Error {
  constructor(cause: unknown) {
    super('the sink closed before the bytes were complete', { cause });
    this.name = 'BrokenSink';
  }
}

/** Two streams that live and die together: an upgraded connection. */
export interface Tunnel {
  readonly source: Source;
  readonly sink: Sink;
}

/** What goes back to the caller. */
export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly body: ReplyBody;
}

export type ReplyBody =
  | { readonly kind: 'empty' }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'source'; readonly source: Source }
  | { readonly kind: 'tunnel'; readonly tunnel: Tunnel };

/** How both directions of a call ended. */
export interface End {
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly how: 'complete' | 'callerLeft' | 'upstreamBroke' | 'cut';
}
