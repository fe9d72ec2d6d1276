export {
  NO_TOKENS,
  provenAuthority,
  type ActingFor,
  type Authority,
  type IssuerEntry,
  type IssuerKeys,
  type PeerAuthority,
  type PeerEntry,
  type PresentedToken,
  type Principal,
  type TokenRule,
  type VerifiedToken,
  type VerifyToken,
} from './authority.ts';
export { newCallId } from './call-id.ts';
export { isHopByHop } from './hop-by-hop.ts';
export { canonicalTarget, type CanonicalTarget, type TargetFault } from './target.ts';
export {
  Call,
  failed,
  forwarded,
  handled,
  identified,
  proved,
  received,
  routed,
  startedTask,
  type BodyFraming,
  type CallStart,
  type CanonicalRequest,
  type IdentifiedCall,
  type ProvenCall,
  type ReceivedCall,
  type RoutedCall,
  type Sample,
  type TraceContext,
  type Travelling,
} from './call.ts';
export type {
  AgentEntry,
  Decision,
  Denial,
  Grant,
  Mode,
  PinnedPolicy,
  Question,
  RouteEntry,
  RouteLimits,
} from './decision.ts';
export type { Emit, Event, RefusedConnection } from './event.ts';
export {
  FAILURES,
  FAILURE_CODES,
  type Blame,
  type Failure,
  type FailureCode,
  type Stage,
} from './failures.ts';
export {
  OutboundCall,
  addressed,
  consent,
  inContext,
  receivedOutbound,
  served,
  type AddressedOutbound,
  type CallContext,
  type ConsentedOutbound,
  type OutboundSelf,
  type OutboundStart,
  type ReceivedOutbound,
} from './outbound-call.ts';
export { verifiedPeer, type PeerFacts, type VerifiedPeer } from './peer.ts';
export { readableSource, writableSink, type Discard } from './node-stream.ts';
export {
  denied,
  isShadowed,
  permit,
  shadow,
  type ForwardableCall,
  type PermittedCall,
  type ShadowedCall,
} from './permit.ts';
export { pump, type Flow, type Pumped } from './pump.ts';
export { randomBase64url, randomHex } from './random.ts';
export { KILLED, Refusal } from './refusal.ts';
export {
  BrokenSink,
  type End,
  type Headers,
  type Reply,
  type ReplyBody,
  type Sink,
  type Source,
  type Tunnel,
} from './stream.ts';
export type { Task } from './task.ts';
export type { TokenAnswer, TokenGrantKind } from './token-answer.ts';
