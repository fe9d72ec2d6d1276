import type { Outcome } from './call.ts';
import type { Pass } from './credentials.ts';
import type { Kind } from './kinds.ts';
import type { Crashes, Edition, Rights } from './rights.ts';
import type { Stalls } from './stalls.ts';

/** What the callers know of what is going on. */
export interface Known {
  readonly rights: Rights;
  readonly crashes: Crashes;
  readonly stalls: Stalls;
}

const UPSTREAM = new Set(['UPSTREAM_UNREACHABLE', 'UPSTREAM_PROTOCOL', 'UPSTREAM_TIMEOUT']);

/** The code that this edition has for this call. */
export function codeIn({ agents, revoked }: Edition, kind: Kind, pass: Pass): string {
  if (revoked.has(pass.credential.serial)) return 'CERTIFICATE_REVOKED';
  const rights = agents.get(pass.agent);
  if (rights === undefined) return 'UNKNOWN_AGENT';
  return rights.disabled || rights.killed ? 'AGENT_DISABLED' : kind.code(rights);
}

/** Every code that is right for a call between these moments. */
export function codesFor(known: Known, kind: Kind, pass: Pass, from: number, until: number) {
  if (pass.refusedAs !== undefined) return new Set([pass.refusedAs]);
  const codes = new Set<string>();
  if (from < pass.notAfter)
    for (const edition of known.rights.possible(from, until))
      codes.add(codeIn(edition, kind, pass));
  if (until >= pass.notAfter) codes.add('CERTIFICATE_EXPIRED');
  return codes;
}

export type Fault = 'lost' | 'wrongly refused' | 'wrongly passed' | 'other code' | 'wrong answer';

/** Undefined if the call went as it should, or as it may. */
export function faultOf(
  known: Known,
  kind: Kind,
  pass: Pass,
  outcome: Pick<Outcome, 'code' | 'from' | 'until'>,
): Fault | undefined {
  const { code, from, until } = outcome;
  const codes = codesFor(known, kind, pass, from, until);
  const mayPass = codes.has('OK');
  const crashed = known.crashes.overlap(from, until);
  if (code === undefined) {
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
