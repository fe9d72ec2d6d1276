import type { Secret } from '../lib/index.ts';
import type { ActingFor, PeerAuthority, PeerEntry } from './authority.ts';
import type { CanonicalRequest } from './call.ts';
import type { PinnedPolicy } from './decision.ts';
import type { FailureCode } from './failures.ts';
import type { Refusal } from './refusal.ts';
import type { Task } from './task.ts';

/** Who makes the calls that go out: this sidecar, with the certificate that it has at that moment. */
export interface OutboundSelf {
  /** Of our agent in the policy; undefined if it does not stand there. */
  readonly agent: string | undefined;
  readonly spiffeId: string;
  readonly serial: string;
  /** Lower-case hex. */
  readonly sha256: string;
}

/** The inbound call because of which the agent makes this one. */
export interface CallContext {
  /** The calling agent's name in the policy. */
  readonly agent: string;
  readonly callId: string;
  /** What its token proved; of a task, with the scopes and the end of its grant. */
  readonly authority: ActingFor | undefined;
  readonly token: Secret | undefined;
  /** Of work that outlives the call; then there is no token. */
  readonly task?: Task | undefined;
}

/** What is known of a call on its way out before anything in it was judged. */
export interface OutboundStart {
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly time: number;
  /** Milliseconds on a clock that only goes forward, for durations. */
  readonly tick: number;
  readonly self: OutboundSelf;
  readonly policy: PinnedPolicy;
  readonly method: string;
  /** As it stood in the request line, byte for byte. */
  readonly target: string;
  /** Of the agent's end of the connection: `unix`, or address and port. */
  readonly address: string;
}

/** The traveller on the way out: one object a call, to which the stages add through the functions below. */
export class OutboundCall {
  readonly direction = 'outbound';
  readonly id: string;
  readonly time: number;
  readonly tick: number;
  readonly self: OutboundSelf;
  readonly policy: PinnedPolicy;
  readonly method: string;
  readonly target: string;
  readonly address: string;
  request: CanonicalRequest | undefined = undefined;
  peer: PeerEntry | undefined = undefined;
  /** As the agent sent it. */
  handle: Secret | undefined = undefined;
  context: CallContext | undefined = undefined;
  /** What goes along, once it is known that it may. */
  authority: PeerAuthority | undefined = undefined;
  /** It was for this sidecar itself, and was carried out. */
  served = false;
  refusal: Refusal | undefined = undefined;
  /** The tick at which it was handed to the peer's connection. */
  forwardedAt: number | undefined = undefined;

  constructor(start: OutboundStart) {
    this.id = start.id;
    this.time = start.time;
    this.tick = start.tick;
    this.self = start.self;
    this.policy = start.policy;
    this.method = start.method;
    this.target = start.target;
    this.address = start.address;
  }

  /** What happened, as audit and metrics name it. */
  get verdict(): 'allow' | 'deny' {
    const refused = this.forwardedAt === undefined && this.refusal !== undefined;
    return (this.authority === undefined && !this.served) || refused ? 'deny' : 'allow';
  }

  get code(): FailureCode | 'OK' {
    return this.refusal?.code ?? 'OK';
  }
}

/** Read-only views: each stage takes the one before and gives the next. */
export type ReceivedOutbound = Readonly<OutboundCall> & { readonly request: CanonicalRequest };
export type AddressedOutbound = ReceivedOutbound & { readonly peer: PeerEntry };

declare const consented: unique symbol;

/** A call that may go to its peer with this authority. Only `consent` makes one. */
export interface ConsentedOutbound extends AddressedOutbound {
  readonly authority: PeerAuthority;
  readonly [consented]: true;
}

export function receivedOutbound(
  call: OutboundCall,
  request: CanonicalRequest,
  handle: Secret | undefined,
): ReceivedOutbound {
  call.request = request;
  call.handle = handle;
  return call as ReceivedOutbound;
}

export function addressed(call: ReceivedOutbound, peer: PeerEntry): AddressedOutbound {
  (call as OutboundCall).peer = peer;
  return call as AddressedOutbound;
}

/** Keeps the inbound call that the handle stands for, for the record. */
export function inContext(call: ReceivedOutbound, context: CallContext): void {
  (call as OutboundCall).context = context;
}

/** To be called by the stage `consent` alone, when the rule of the peer and of the context holds. */
export function consent(call: AddressedOutbound): ConsentedOutbound {
  (call as OutboundCall).authority = call.peer.authority;
  return call as ConsentedOutbound;
}

/** Marks that it was carried out here: no peer was called. */
export function served(call: ReceivedOutbound): void {
  (call as OutboundCall).served = true;
}
