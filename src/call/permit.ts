import type { Call, IdentifiedCall, ProvenCall } from './call.ts';
import type { Denial, Grant } from './decision.ts';
import { FAILURES } from './failures.ts';

declare const permitted: unique symbol;
declare const shadowed: unique symbol;

/** A call that policy allows. Only `permit` makes one, so forwarding an undecided call does not compile. */
export interface PermittedCall extends ProvenCall {
  readonly decision: Grant;
  readonly [permitted]: true;
}

/** A call that policy denies and shadow mode lets through: it carries no scopes and gets no credential. */
export interface ShadowedCall extends IdentifiedCall {
  readonly decision: Denial;
  readonly [shadowed]: true;
}

export type ForwardableCall = PermittedCall | ShadowedCall;

/** To be called by the stage `decide` alone, with policy's own answer. */
export function permit(call: ProvenCall, grant: Grant): PermittedCall {
  (call as Readonly<Call> as Call).decision = grant;
  return call as PermittedCall;
}

/** Keeps the denial with the call, for the record. */
export function denied(call: Readonly<Call>, denial: Denial): void {
  (call as Call).decision = denial;
}

/** A softened denial. Throws `TypeError` for one that shadow mode must never soften. */
export function shadow(call: IdentifiedCall, denial: Denial): ShadowedCall {
  if (!FAILURES[denial.code].softened) throw new TypeError(`${denial.code} is never softened`);
  (call as Call).decision = denial;
  (call as Call).shadowed = true;
  return call as ShadowedCall;
}

/** Whether policy has denied the call already, and shadow mode lets it through. */
export function isShadowed(call: IdentifiedCall): call is ShadowedCall {
  return call.shadowed;
}
