import type {
  Emit,
  FailureCode,
  PinnedPolicy,
  RouteEntry,
  Sample,
  VerifiedPeer,
  VerifyToken,
} from '../call/index.ts';
import type { Clock } from '../lib/index.ts';
import type { Admission, Contexts, StartedTask } from '../state/index.ts';
import type { TaskWish } from '../token/index.ts';
import type { Exchange as UpstreamCall, UpstreamRequest } from '../upstream/index.ts';
import type { Self } from './assertion.ts';
import type { SeenTokens } from './seen-tokens.ts';

/** How we are known to those who want a token for us. */
export interface Resource {
  /** Where callers reach us, as configured: `https://host` or `https://host:port`. */
  readonly url: string;
  /** Algorithms in which a DPoP proof may be signed. */
  readonly proofAlgorithms: readonly string[];
  /** Whether tokens of issuers that are for development are believed. */
  readonly development: boolean;
}

/** Where work is registered that goes on after its call. */
export interface TaskDesk {
  /**
   * Asks the token service, for the work of this caller.
   *
   * @throws Refusal TASK_REFUSED or TOKEN_SERVICE_UNAVAILABLE
   */
  readonly register: (wish: TaskWish, agent: string) => Promise<StartedTask>;
  /** Of a call that has ended before this was granted: given back once it is; never throws and never waits. */
  readonly abandon: (asked: Promise<StartedTask>, agent: string) => void;
  /** From now on the handle stands for the work. @throws Refusal TASK_REFUSED; then it is given back */
  readonly keep: (handle: string, task: StartedTask) => void;
  /** What was granted is not wanted; never throws and never waits. */
  readonly giveBack: (task: Pick<StartedTask, 'grant'>) => void;
  /** Work that has begun has no right to go on; never throws and never waits. */
  readonly breakOff: (handle: string) => void;
}

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
  readonly seenTokens: SeenTokens;
  readonly verify: VerifyToken;
  /** Undefined where no public URL is configured: then nothing is told of how to get a token. */
  readonly resource: Resource | undefined;
  /** Where calls are kept that the agent may refer to on its way out; undefined where it has none. */
  readonly contexts: Contexts | undefined;
  /** Undefined where the agent has no way out. */
  readonly tasks: TaskDesk | undefined;
  readonly admit: (agent: string, route: RouteEntry) => Admission | FailureCode;
  /** Milliseconds until a caller is answered a refusal, which this counts. */
  readonly refusalWait: (spiffeId: string) => number;
  readonly send: (request: UpstreamRequest) => UpstreamCall;
}
