import {
  FAILURES,
  KILLED,
  Refusal,
  type Call,
  type FailureCode,
  type PinnedPolicy,
  type VerifiedPeer,
} from '../call/index.ts';
import type { Clock } from '../lib/index.ts';
import { denialMode } from '../policy/index.ts';
import { judge } from './judge.ts';

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
  { stillTrusted, now }: StillAsked,
): FailureCode | undefined {
  const distrust = stillTrusted(call.peer);
  if (distrust !== undefined) return distrust;
  const { method, request } = call;
  if (request === undefined) return undefined;
  // The same policy says the same, unless a shadow with an end has ended.
  if (policy === call.policy && !call.shadowed) return undefined;
  const agent = policy.findAgent(call.peer.spiffeId);
  if (agent === undefined) return 'UNKNOWN_AGENT';
  if (agent.disabled) return 'AGENT_DISABLED';
  const { decision } = judge(policy, agent, { method, request });
  if (decision.allowed) return undefined;
  const mode = denialMode(policy, decision, now());
  return mode === 'shadow' && FAILURES[decision.code].softened ? undefined : decision.code;
}
