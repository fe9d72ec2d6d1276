import type { Decision, Denial, FailureCode, Question } from '../call/index.ts';
import { SpiffeId, SpiffeIdError } from '../spiffe/index.ts';
import type { PolicyAgent } from './entry.ts';
import type { Policy } from './policy.ts';

/** A call, as somebody thinks of it. */
export interface Ask extends Question {
  /** An agent's name, or a SPIFFE ID. */
  readonly as: string;
}

/** What the policy says of a call, from the caller's identity on. */
export interface Verdict {
  readonly code: FailureCode | 'OK';
  readonly agent: PolicyAgent | undefined;
  readonly decision: Decision;
}

/** The answer that the corridor would give: who is it, which route, may they. */
export function judge(policy: Policy, ask: Ask): Verdict {
  const agent = agentOf(policy, ask.as);
  if (agent === undefined)
    return { code: 'UNKNOWN_AGENT', agent, decision: refusal('UNKNOWN_AGENT', 'a known agent') };
  if (agent.disabled)
    return {
      code: 'AGENT_DISABLED',
      agent,
      decision: refusal('AGENT_DISABLED', 'an enabled agent'),
    };
  const route = policy.route(ask);
  const decision = 'allowed' in route ? route : policy.decide(agent, route);
  return { code: decision.allowed ? 'OK' : decision.code, agent, decision };
}

/** The agent by name or SPIFFE ID; a text that is neither is nobody. */
export function agentOf(policy: Policy, as: string): PolicyAgent | undefined {
  if (!as.startsWith('spiffe://')) return policy.agentNamed(as);
  try {
    return policy.findAgent(SpiffeId.parse(as));
  } catch (error) {
    if (error instanceof SpiffeIdError) return undefined;
    throw error;
  }
}

function refusal(code: FailureCode, missing: string): Denial {
  return { allowed: false, code, rule: undefined, nearest: false, missing, missingScopes: [] };
}
