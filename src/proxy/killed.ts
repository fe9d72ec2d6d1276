import type { ActingFor, AgentEntry, PinnedPolicy } from '../call/index.ts';

/** Everybody who acts, or is acted for, as far as a token says so. */
type Chain = Pick<ActingFor, 'actors' | 'subject'>;

/** The agent that the operator has killed and that acted, or is acted for, in a call; undefined if there is none. */
export function killedIn(
  chain: Chain,
  policy: PinnedPolicy,
  isKilled: (agent: string) => boolean,
): string | undefined {
  return agentIn(chain, policy, ({ name }) => isKilled(name));
}

/** The same of one that this policy has disabled. */
export function disabledIn(chain: Chain, policy: PinnedPolicy): string | undefined {
  return agentIn(chain, policy, ({ disabled }) => disabled);
}

function agentIn(
  { actors, subject }: Chain,
  policy: PinnedPolicy,
  is: (agent: AgentEntry) => boolean,
): string | undefined {
  for (const principal of [...actors, subject]) {
    const agent = policy.whoIs(principal);
    if (agent !== undefined && is(agent)) return agent.name;
  }
  return undefined;
}
