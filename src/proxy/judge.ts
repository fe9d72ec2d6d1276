import type {
  AgentEntry,
  CanonicalRequest,
  Decision,
  Denial,
  PinnedPolicy,
  RouteEntry,
} from '../call/index.ts';

/** What a policy says of a call: the route that it belongs to, if there is one, and the decision. */
export interface Judged {
  readonly route: RouteEntry | undefined;
  readonly decision: Decision;
}

/** Asked when a call comes in, and again while it is under way. */
export function judge(
  policy: PinnedPolicy,
  agent: AgentEntry,
  asked: { readonly method: string; readonly request: CanonicalRequest },
): Judged {
  const { method, request } = asked;
  const route = policy.route({ method, path: request.meaning });
  if ('allowed' in route) return { route: undefined, decision: route };
  return { route, decision: upgradeDenial(request.upgrade, route) ?? policy.decide(agent, route) };
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
