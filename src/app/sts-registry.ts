import type { Principal } from '../call/index.ts';
import type { Policy } from '../policy/index.ts';
import { SpiffeId, SpiffeIdError } from '../spiffe/index.ts';
import type { Client, Registry } from '../sts/index.ts';

type Agent = NonNullable<ReturnType<Policy['agentNamed']>>;

/** The policy as the token service asks it. Who is killed is disabled, whatever the policy says. */
export function registryOf(policy: Policy, isKilled: (agent: string) => boolean): Registry {
  const client = (agent: Agent | undefined): Client | undefined =>
    agent && {
      name: agent.name,
      spiffeId: agent.spiffeId.toString(),
      disabled: agent.disabled || isKilled(agent.name),
      audiences: agent.peers.flatMap((name) => policy.agentNamed(name)?.spiffeId.toString() ?? []),
      covers: (scope) => agent.grants.covers(scope),
    };
  return {
    withId: (text) => {
      const id = parsed(text);
      return id && client(policy.findAgent(id));
    },
    whoIs: (principal: Principal) => client(policy.whoIs(principal)),
  };
}

/** Callers may send anything for a client ID. */
function parsed(text: string): SpiffeId | undefined {
  try {
    return SpiffeId.parse(text);
  } catch (error) {
    if (error instanceof SpiffeIdError) return undefined;
    throw error;
  }
}
