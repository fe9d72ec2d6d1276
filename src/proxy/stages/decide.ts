import {
  FAILURES,
  Refusal,
  denied,
  permit,
  routed,
  shadow,
  type Denial,
  type ForwardableCall,
  type IdentifiedCall,
} from '../../call/index.ts';
import { denialMode } from '../../policy/index.ts';
import type { Hall } from '../hall.ts';
import { judge } from '../judge.ts';

/** Which route, and may this agent use it? A denial in shadow mode is kept with the call and goes on. */
export function decide(call: IdentifiedCall, hall: Hall): ForwardableCall {
  const { route, decision } = judge(call.policy, call.agent, call);
  const onRoute = route === undefined ? undefined : routed(call, route);
  if (onRoute !== undefined && decision.allowed) return permit(onRoute, decision);
  if (decision.allowed) throw new TypeError('a grant belongs to a route');
  return refuseOrShadow(call, decision, hall);
}

function refuseOrShadow(call: IdentifiedCall, denial: Denial, hall: Hall): ForwardableCall {
  const mode = denialMode(call.policy, denial, hall.now());
  if (mode === 'shadow' && FAILURES[denial.code].softened) return shadow(call, denial);
  denied(call, denial);
  throw new Refusal(denial.code, denial.missing);
}
