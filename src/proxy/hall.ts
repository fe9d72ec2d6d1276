import type {
  Emit,
  FailureCode,
  PinnedPolicy,
  RouteEntry,
  Sample,
  VerifiedPeer,
} from '../call/index.ts';
import type { Clock } from '../lib/index.ts';
import type { Admission } from '../state/index.ts';
import type { Exchange as UpstreamCall, UpstreamRequest } from '../upstream/index.ts';
import type { Self } from './assertion.ts';

/** What the corridor asks of the rooms beside it; `app/` fills it in. */
export interface Hall {
  readonly now: Clock;
  readonly emit: Emit;
  readonly policy: { readonly current: PinnedPolicy };
  readonly self: { readonly current: Self };
  /** Undefined while the certificate, its trust and its revocation stand. */
  readonly stillTrusted: (peer: VerifiedPeer) => FailureCode | undefined;
  /** Whether the operator has killed the agent of that name. */
  readonly isKilled: (agent: string) => boolean;
  /** Undefined while calls may be taken, else why not. */
  readonly closedFor: () => FailureCode | undefined;
  readonly sample: Sample;
  readonly admit: (agent: string, route: RouteEntry) => Admission | FailureCode;
  readonly send: (request: UpstreamRequest) => UpstreamCall;
}
