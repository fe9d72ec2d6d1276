import {
  FAILURES,
  KILLED,
  Refusal,
  type AgentEntry,
  type Authority,
  type Call,
  type CanonicalRequest,
  type Denial,
  type FailureCode,
  type PinnedPolicy,
  type VerifiedPeer,
} from '../call/index.ts';
import type { Clock } from '../lib/index.ts';
import { denialMode } from '../policy/index.ts';
import { judge } from './judge.ts';
import { killedIn } from './killed.ts';

const RIGHT_ENDED = 'the call was under way when the right to it ended';

/** What a call under way is held against. */
export interface StillAsked {
  readonly stillTrusted: (peer: VerifiedPeer) => FailureCode | undefined;
  readonly isKilled: (agent: string) => boolean;
  readonly now: Clock;
}

/**
 * Would this call, which is under way, be let in again now? Asked once a second and after every reload and kill.
 *
 * @returns undefined if it would, else what to cut it with
 */
export function stillPermitted(
  call: Readonly<Call>,
  policy: PinnedPolicy,
  asked: StillAsked,
): Refusal | undefined {
  const agent = policy.findAgent(call.peer.spiffeId);
  // One that was refused is being told so.
  const refused = call.refusal !== undefined;
  if (!refused && agent !== undefined && asked.isKilled(agent.name))
    return new Refusal('AGENT_DISABLED', KILLED);
  const code = endedBy(call, policy, asked);
  return code === undefined ? undefined : new Refusal(code, RIGHT_ENDED);
}

function endedBy(
  call: Readonly<Call>,
  policy: PinnedPolicy,
  { stillTrusted, isKilled, now }: StillAsked,
): FailureCode | undefined {
  const distrust = stillTrusted(call.peer);
  if (distrust !== undefined) return distrust;
  const { request, decision, authority } = call;
  // What is not decided yet, for its token is being verified, will be.
  if (request === undefined || decision === undefined) return undefined;
  if (authority !== undefined && now() >= authority.expiresAt) return 'TOKEN_EXPIRED';
  if (authority !== undefined && killedIn(authority, policy, isKilled) !== undefined)
    return 'DELEGATION_ACTOR_REFUSED';
  // The same policy says the same, unless a shadow with an end has ended.
  if (policy === call.policy && !call.shadowed) return undefined;
  const agent = policy.findAgent(call.peer.spiffeId);
  if (agent === undefined) return 'UNKNOWN_AGENT';
  if (agent.disabled) return 'AGENT_DISABLED';
  // Also where the route looks at no token any more: what it gave goes on to be used on the way out.
  if (authority !== undefined && !trusts(policy, authority)) return 'TOKEN_UNTRUSTED';
  const denial = denialOf(call, request, agent, policy);
  if (denial === undefined) return undefined;
  const mode = denialMode(policy, denial, now());
  return mode === 'shadow' && FAILURES[denial.code].softened ? undefined : denial.code;
}

function trusts({ issuers }: PinnedPolicy, { issuer }: Authority): boolean {
  return issuers.some((entry) => entry.issuer === issuer.issuer);
}

/** What this policy says of the call, with what its token proved. */
function denialOf(
  { method, authority }: Readonly<Call>,
  request: CanonicalRequest,
  agent: AgentEntry,
  policy: PinnedPolicy,
): Denial | undefined {
  const route = policy.route({ method, path: request.meaning });
  if ('allowed' in route) return route;
  const decision = judge(policy, { agent, route, authority, upgrade: request.upgrade });
  return decision.allowed ? undefined : decision;
}
