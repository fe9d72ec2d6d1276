import type {
  CallContext,
  Emit,
  FailureCode,
  OutboundSelf,
  PeerEntry,
  PinnedPolicy,
  VerifiedPeer,
} from '../../call/index.ts';
import type { Clock, Secret } from '../../lib/index.ts';
import type { PeerExchange, UpstreamRequest } from '../../upstream/index.ts';

/** For whom a token is wanted, and when that ends: by their token, or by the grant of work that outlives its call. */
export type TokenSubject = { readonly until: number } & (
  { readonly token: Secret } | { readonly taskGrant: string }
);

/** Work that has ended here; `over` resolves when its grant has ended too. Rejects with a Refusal. */
export interface EndingTask {
  readonly context: CallContext;
  readonly over: Promise<void>;
}

/** One way to one peer, under one certificate of ours: tokens are bound to it, so both are had from here only. */
export interface PeerWay {
  /** When our certificate ends, in milliseconds since the epoch. */
  readonly until: number;
  /** What `Host` says to the peer. */
  readonly authority: string;
  /**
   * A token for this peer, for a subject or for ourselves.
   *
   * @throws Refusal EXCHANGE_REFUSED or TOKEN_SERVICE_UNAVAILABLE
   */
  token(subject: TokenSubject | undefined): Promise<Secret>;
  send(request: UpstreamRequest): PeerExchange;
  /** To be called once, when nothing more is sent. */
  release(): void;
}

/** What the way out asks of the rooms beside it; `app/` fills it in. */
export interface OutboundHall {
  readonly now: Clock;
  readonly emit: Emit;
  readonly policy: { readonly current: PinnedPolicy };
  readonly self: () => OutboundSelf;
  /** Our name in `Via`. Not that of the way in: an agent may pass on what it was called with. */
  readonly pseudonym: () => string;
  /** What every call must send; undefined on a Unix socket. */
  readonly secret: Secret | undefined;
  /** The port of the door, where it is on TCP. */
  readonly port: () => number | undefined;
  /** Undefined while calls may be made, else why not. */
  readonly closedFor: () => FailureCode | undefined;
  /** What is kept of an inbound call under the handle that the agent got of it. */
  readonly findContext: (handle: string) => CallContext | 'ended' | 'unknown';
  /** Ends the work that a handle stands for; undefined if it stands for none. */
  readonly endTask: (handle: string) => EndingTask | undefined;
  /** The work that a handle stands for has no right to go on; never throws and never waits. */
  readonly breakOffTask: (handle: string) => void;
  /** Whether the agent of that name is one of the policy in force, and enabled. */
  readonly isEnabled: (agent: string) => boolean;
  /** Whether the operator has killed the agent of that name. */
  readonly isKilled: (agent: string) => boolean;
  /** Undefined while the certificate, its trust and its revocation stand. */
  readonly stillTrusted: (peer: VerifiedPeer) => FailureCode | undefined;
  readonly wayTo: (peer: PeerEntry) => PeerWay;
}
