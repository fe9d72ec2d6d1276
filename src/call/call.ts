import type { Secret } from '../lib/index.ts';
import type { Authority } from './authority.ts';
import type { AgentEntry, Decision, PinnedPolicy, RouteEntry } from './decision.ts';
import type { FailureCode } from './failures.ts';
import type { VerifiedPeer } from './peer.ts';
import type { Refusal } from './refusal.ts';
import type { Headers } from './stream.ts';
import type { Task } from './task.ts';

/** What is known of a call before anything in it was judged. */
export interface CallStart {
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly time: number;
  /** Milliseconds on a clock that only goes forward, for durations. */
  readonly tick: number;
  readonly peer: VerifiedPeer;
  readonly policy: PinnedPolicy;
  readonly method: string;
  /** As it stood in the request line, byte for byte. */
  readonly target: string;
}

/**
 * The traveller: one object a call, every field there from the start. Stages see it through the read-only views below,
 * each with one field more, and add to it through the functions in this room.
 */
export class Call {
  readonly id: string;
  readonly direction = 'inbound';
  readonly time: number;
  readonly tick: number;
  readonly peer: VerifiedPeer;
  readonly policy: PinnedPolicy;
  readonly method: string;
  readonly target: string;
  request: CanonicalRequest | undefined = undefined;
  agent: AgentEntry | undefined = undefined;
  route: RouteEntry | undefined = undefined;
  /** What a token proved; undefined if none was used. */
  authority: Authority | undefined = undefined;
  /** The token that proved it, as it came. */
  token: Secret | undefined = undefined;
  /** By which the agent may refer to this call on its way out. */
  handle: Secret | undefined = undefined;
  /** The work that goes on after it, once the token service has granted that. */
  task: Task | undefined = undefined;
  decision: Decision | undefined = undefined;
  shadowed = false;
  /** Why it failed, at whatever stage; what the caller was told follows from it. */
  refusal: Refusal | undefined = undefined;
  /** The tick at which it was handed to the upstream; what lies before is Sidegate's own time. */
  forwardedAt: number | undefined = undefined;

  constructor(start: CallStart) {
    this.id = start.id;
    this.time = start.time;
    this.tick = start.tick;
    this.peer = start.peer;
    this.policy = start.policy;
    this.method = start.method;
    this.target = start.target;
  }

  /** What happened, as audit and metrics name it. */
  get verdict(): 'allow' | 'deny' | 'shadow-deny' {
    if (this.shadowed) return 'shadow-deny';
    return this.decision?.allowed === true && !this.refusedByUs() ? 'allow' : 'deny';
  }

  /** `OK`, or the code of what went wrong; a softened denial keeps its code. */
  get code(): FailureCode | 'OK' {
    if (this.refusal !== undefined) return this.refusal.code;
    return this.decision?.allowed === false ? this.decision.code : 'OK';
  }

  private refusedByUs(): boolean {
    return this.forwardedAt === undefined && this.refusal !== undefined;
  }
}

/** The request, once it is known to be readable in one way only. What is in here is what the upstream gets. */
export interface CanonicalRequest {
  /** As it came, begins with one slash, no query: what is forwarded. */
  readonly path: string;
  /** What the path means, percent-encoding undone: what is judged. */
  readonly meaning: string;
  /** With its question mark, or empty. */
  readonly query: string;
  /** The caller's end-to-end header fields, without any that claims identity, frames or rewrites the request. */
  readonly headers: Headers;
  /** The host that the caller asked for. */
  readonly host: string;
  /** The proxies that it has passed (RFC 9110, 7.6.3). */
  readonly via: string | undefined;
  readonly body: BodyFraming;
  /** The protocol that the caller wants to change to, lower case. */
  readonly upgrade: string | undefined;
  readonly callerRequestId: string | undefined;
  readonly authorization: string | undefined;
  /** The `DPoP` field (RFC 9449). */
  readonly proof: string | undefined;
  readonly trace: TraceContext;
}

export type BodyFraming =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly bytes: number }
  | { readonly kind: 'chunked' };

/** W3C trace context of this hop: the caller's trace continued, or one begun here. */
export interface TraceContext {
  readonly traceId: string;
  /** Of our own span. */
  readonly spanId: string;
  /** The caller's span, if it sent one. */
  readonly parentId: string | undefined;
  /** Whether our own span is recorded; if not, the caller's goes on to the agent as it came. */
  readonly recorded: boolean;
  /** The caller's flag; of a trace begun here, whether we record it. */
  readonly sampled: boolean;
  /** Whether the trace ID is known to be random (Trace Context 2, 3.2.2.3.2). */
  readonly random: boolean;
  readonly state: string | undefined;
}

/** Whether our span of a call is recorded. `continued`: the caller began the trace and says that it is sampled. */
export type Sample = (traceId: string, continued: boolean) => boolean;

/** Read-only views of a `Call`: each stage takes the one before and gives the next. */
export type ReceivedCall = Readonly<Call> & { readonly request: CanonicalRequest };
export type IdentifiedCall = ReceivedCall & { readonly agent: AgentEntry };
export type RoutedCall = IdentifiedCall & { readonly route: RouteEntry };

declare const proven: unique symbol;

/** A call whose token was verified, or that has none where none is needed; to be made by the stage `prove` alone. */
export interface ProvenCall extends RoutedCall {
  readonly [proven]: true;
}

export function received(call: Call, request: CanonicalRequest): ReceivedCall {
  call.request = request;
  return call as ReceivedCall;
}

export function identified(call: ReceivedCall, agent: AgentEntry): IdentifiedCall {
  (call as Call).agent = agent;
  return call as IdentifiedCall;
}

export function routed(call: IdentifiedCall, route: RouteEntry): RoutedCall {
  (call as Call).route = route;
  return call as RoutedCall;
}

/** `proof`: what a token proved, and the token; undefined if none was used. */
export function proved(
  call: RoutedCall,
  proof: { readonly authority: Authority; readonly token: Secret } | undefined,
): ProvenCall {
  (call as Call).authority = proof?.authority;
  (call as Call).token = proof?.token;
  return call as ProvenCall;
}

/** Keeps the handle that the agent gets of this call. */
export function handled(call: Readonly<Call>, handle: Secret): void {
  (call as Call).handle = handle;
}

/** Keeps the work that goes on after this call. */
export function startedTask(call: Readonly<Call>, task: Task): void {
  (call as Call).task = task;
}

/** What calls of both directions have. */
export interface Travelling {
  readonly id: string;
  readonly tick: number;
  readonly refusal: Refusal | undefined;
  readonly forwardedAt: number | undefined;
}

/** Marks the moment at which the call leaves our hands. */
export function forwarded(call: Travelling, tick: number): void {
  (call as Mutable<Travelling>).forwardedAt = tick;
}

/** Keeps why a call failed; the first reason stays. */
export function failed(call: Travelling, refusal: Refusal): void {
  (call as Mutable<Travelling>).refusal ??= refusal;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
