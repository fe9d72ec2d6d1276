import {
  Refusal,
  shadow,
  type FailureCode,
  type ForwardableCall,
  type RouteEntry,
} from '../../call/index.ts';
import { routeMode } from '../../policy/index.ts';
import type { Admission } from '../../state/index.ts';
import type { Hall } from '../hall.ts';

/** A call with room to run, and the place that it holds until it is over. */
export interface Admitted {
  readonly call: ForwardableCall;
  readonly place: Admission | undefined;
}

/** Is there room: rate, concurrency, and a declared length within the route's? */
export function admit(call: ForwardableCall, hall: Hall): Admitted {
  if (!call.decision.allowed) return { call, place: undefined };
  const { rule } = call.decision;
  const place = tooLong(call, rule) ? 'TOO_LARGE' : hall.admit(call.agent.name, rule);
  if (typeof place !== 'string') return { call, place };
  if (place === 'TOO_LARGE' || routeMode(rule, hall.now()) === 'enforce')
    throw new Refusal(place, rule.name);
  return { call: shadow(call, limitDenial(rule, place)), place: undefined };
}

function tooLong(call: ForwardableCall, rule: RouteEntry): boolean {
  const { body } = call.request;
  return rule.limits.body !== undefined && body.kind === 'length' && body.bytes > rule.limits.body;
}

function limitDenial(rule: RouteEntry, code: FailureCode) {
  return {
    allowed: false,
    code,
    rule,
    nearest: false,
    missing: 'room',
    missingScopes: [],
  } as const;
}
