import {
  FAILURES,
  type Call,
  type FailureCode,
  type PinnedPolicy,
  type VerifiedPeer,
} from '../call/index.ts';
import type { Clock } from '../lib/index.ts';
import { denialMode } from '../policy/index.ts';

/**
 * Would this call, which is under way, be let in again now? Asked once a second and after every reload.
 *
 * @returns undefined if it would, else the code to cut it with
 */
export function stillPermitted(
  call: Readonly<Call>,
  policy: PinnedPolicy,
  trust: {
    readonly stillTrusted: (peer: VerifiedPeer) => FailureCode | undefined;
    readonly now: Clock;
  },
): FailureCode | undefined {
  const distrust = trust.stillTrusted(call.peer);
  if (distrust !== undefined) return distrust;
  if (call.request === undefined) return undefined;
  // The same policy says the same, unless a shadow with an end has ended.
  if (policy === call.policy && !call.shadowed) return undefined;
  const agent = policy.findAgent(call.peer.spiffeId);
  if (agent === undefined) return 'UNKNOWN_AGENT';
  if (agent.disabled) return 'AGENT_DISABLED';
  const route = policy.route({ method: call.method, path: call.request.meaning });
  const decision = 'allowed' in route ? route : policy.decide(agent, route);
  if (decision.allowed) return undefined;
  const mode = denialMode(policy, decision, trust.now());
  return mode === 'shadow' && FAILURES[decision.code].softened ? undefined : decision.code;
}
