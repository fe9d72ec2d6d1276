import type { Decision, FailureCode, Question } from '../call/index.ts';
import { SpiffeId, SpiffeIdError } from '../spiffe/index.ts';
import { tokenMeant, type AskedToken } from './asked-token.ts';
import { denial } from './denial.ts';
import type { PolicyAgent, PolicyRoute } from './entry.ts';
import type { Policy } from './policy.ts';
import { notTaken } from './without-token.ts';

/** A call, as somebody thinks of it. */
export interface Ask extends Question {
  /** An agent's name, or a SPIFFE ID. */
  readonly as: string;
  /** Undefined: the call comes without a token. */
  readonly token?: AskedToken | undefined;
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
    return verdict(agent, denial('UNKNOWN_AGENT', undefined, { missing: 'a known agent' }));
  if (agent.disabled)
    return verdict(agent, denial('AGENT_DISABLED', undefined, { missing: 'an enabled agent' }));
  const route = policy.route(ask);
  if ('allowed' in route) return verdict(agent, route);
  return verdict(agent, decisionOn(policy, { agent, route, asked: ask.token }));
}

function decisionOn(
  policy: Policy,
  one: { agent: PolicyAgent; route: PolicyRoute; asked: AskedToken | undefined },
): Decision {
  const { agent, route, asked } = one;
  const token = asked && tokenMeant(policy, agent, asked);
  const taken = route.tokenRule.token;
  if (token !== undefined || asked === undefined || taken === 'ignored')
    return policy.suppose(agent, route, token);
  if (taken === 'forbidden') return notTaken(route);
  const missing = `an issuer of the policy, as in ${policy.issuers[0]?.name ?? 'issuer'}/subject`;
  return denial('TOKEN_UNTRUSTED', route, { missing });
}

function verdict(agent: PolicyAgent | undefined, decision: Decision): Verdict {
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
