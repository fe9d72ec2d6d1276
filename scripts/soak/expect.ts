import type { Outcome } from './call.ts';
import type { Kind } from './kinds.ts';
import type { Crashes } from './crashes.ts';
import type { Holder, Rights, State } from './rights.ts';
import type { Stalls } from './stalls.ts';

/** What the callers know of what is going on. */
export interface Known {
  readonly rights: Rights;
  readonly crashes: Crashes;
  readonly stalls: Stalls;
}

/** What of a certificate in use decides about a call. */
export interface Shown extends Holder {
  readonly notAfter: number;
  readonly refusedAs?: string;
}

/** Of a machine that stands still for so many milliseconds, the sidecar's time limits end calls, and rightly. */
export const FROZEN = 2000;
const UPSTREAM = new Set(['UPSTREAM_UNREACHABLE', 'UPSTREAM_PROTOCOL', 'UPSTREAM_TIMEOUT']);

/** The code that a call of this kind has in this state. */
export function codeIn({ granted, killed, revoked }: State, kind: Kind): string {
  if (revoked) return 'CERTIFICATE_REVOKED';
  if (granted === undefined) return 'UNKNOWN_AGENT';
  return granted.disabled || killed ? 'AGENT_DISABLED' : kind.code(granted);
}

/** Every code that is right for a call between these moments. */
export function codesFor(
  { rights }: Pick<Known, 'rights'>,
  kind: Kind,
  pass: Shown,
  from: number,
  until: number,
) {
  if (pass.refusedAs !== undefined) return new Set([pass.refusedAs]);
  const codes = new Set<string>();
  if (from < pass.notAfter)
    for (const state of rights.possible(pass, from, Math.min(until, pass.notAfter)))
      codes.add(codeIn(state, kind));
  if (until >= pass.notAfter) codes.add('CERTIFICATE_EXPIRED');
  return codes;
}

export type Fault = 'lost' | 'wrongly refused' | 'wrongly passed' | 'other code' | 'wrong answer';

/** Undefined if the call went as it should, or as it may. */
export function faultOf(
  known: Known,
  kind: Kind,
  pass: Shown,
  outcome: Pick<Outcome, 'code' | 'from' | 'until'>,
): Fault | undefined {
  const { code, from, until } = outcome;
  const codes = codesFor(known, kind, pass, from, until);
  const mayPass = codes.has('OK');
  const crashed = known.crashes.overlap(from, until);
  if (code === undefined) {
    if (known.stalls.overlap(from, until, FROZEN)) return undefined;
    // A right that was there and ended cuts what it had opened; a refusal that stands is always told.
    if (mayPass) return crashed || codes.size > 1 ? undefined : 'lost';
    return kind.parts !== undefined && known.stalls.overlap(from, until) ? undefined : 'lost';
  }
  if (code === 'WRONG_ANSWER') return 'wrong answer';
  if (codes.has(code)) return undefined;
  if (UPSTREAM.has(code)) {
    if (mayPass) return crashed ? undefined : 'lost';
    return 'wrongly passed';
  }
  if (code === 'OK') return 'wrongly passed';
  return mayPass ? 'wrongly refused' : 'other code';
}
