import type {
  AgentEntry,
  Authority,
  Decision,
  Denial,
  PinnedPolicy,
  RouteEntry,
} from '../call/index.ts';

/** Who asks for what, and with whose authority. */
export interface Asking {
  readonly agent: AgentEntry;
  readonly route: RouteEntry;
  readonly authority: Authority | undefined;
  /** The protocol that the caller wants to change to. */
  readonly upgrade: string | undefined;
}

/** Asked when a call comes in, and again while it is under way. */
export function judge(
  policy: PinnedPolicy,
  { agent, route, authority, upgrade }: Asking,
): Decision {
  return upgradeDenial(upgrade, route) ?? policy.decide(agent, route, authority);
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
