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
  type RouteEntry,
} from '../../call/index.ts';
import { denialMode } from '../../policy/index.ts';
import type { Hall } from '../hall.ts';

/** Which route, and may this agent use it? A denial in shadow mode is kept with the call and goes on. */
export function decide(call: IdentifiedCall, hall: Hall): ForwardableCall {
  const route = call.policy.route({ method: call.method, path: call.request.meaning });
  if ('allowed' in route) return refuseOrShadow(call, route, hall);
  const onRoute = routed(call, route);
  const upgrade = upgradeDenial(onRoute.request.upgrade, route);
  if (upgrade !== undefined) return refuseOrShadow(call, upgrade, hall);
  const decision = call.policy.decide(call.agent, route);
  if (decision.allowed) return permit(onRoute, decision);
  return refuseOrShadow(call, decision, hall);
}

/** Only what was asked for by name is passed on; anything else would be a second protocol that nobody judges. */
function upgradeDenial(asked: string | undefined, route: RouteEntry): Denial | undefined {
  if (asked === undefined || (asked === 'websocket' && route.upgrade === 'websocket'))
    return undefined;
  return {
    allowed: false,
    code: 'UPGRADE_NOT_ALLOWED',
    rule: route,
    nearest: false,
    missing: 'upgrade: websocket',
    missingScopes: [],
  };
}

function refuseOrShadow(call: IdentifiedCall, denial: Denial, hall: Hall): ForwardableCall {
  const mode = denialMode(call.policy, denial, hall.now());
  if (mode === 'shadow' && FAILURES[denial.code].softened) return shadow(call, denial);
  denied(call, denial);
  throw new Refusal(denial.code, denial.missing);
}
