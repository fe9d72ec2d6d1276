import type {
  Emit,
  FailureCode,
  Headers,
  PinnedPolicy,
  Reply,
  RouteEntry,
  Source,
  VerifiedPeer,
} from '../call/index.ts';
import type { Clock } from '../lib/index.ts';
import type { Self } from './assertion.ts';

/** One request to the agent. */
export interface UpstreamRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
  readonly body: Source | undefined;
  /** Undefined with a body: chunked. */
  readonly bodyLength: number | undefined;
  readonly upgrade: 'websocket' | undefined;
}

/** The agent's answer under way. */
export interface UpstreamCall {
  /** Rejects with a `Refusal`. */
  readonly reply: Promise<Reply>;
  /** Breaks the call off at once, also in the middle of the answer. */
  abort(reason: Error): void;
}

/** A place that an admitted call takes, given back exactly once. */
export interface Admission {
  release(): void;
}

/** What the corridor asks of the rooms beside it; `app/` fills it in. */
export interface Hall {
  readonly now: Clock;
  readonly emit: Emit;
  readonly policy: { readonly current: PinnedPolicy };
  readonly self: { readonly current: Self };
  /** Undefined while the certificate, its trust and its revocation stand. */
  readonly stillTrusted: (peer: VerifiedPeer) => FailureCode | undefined;
  /** Undefined while calls may be taken, else why not. */
  readonly closedFor: () => FailureCode | undefined;
  readonly admit: (agent: string, route: RouteEntry) => Admission | FailureCode;
  readonly send: (request: UpstreamRequest) => UpstreamCall;
}
