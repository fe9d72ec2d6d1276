import type { PinnedPolicy, VerifiedToken } from '../call/index.ts';

/** The agent that the operator has killed and that acted, or is acted for, in a call; undefined if there is none. */
export function killedIn(
  { actors, subject }: VerifiedToken,
  policy: PinnedPolicy,
  isKilled: (agent: string) => boolean,
): string | undefined {
  for (const principal of [...actors, subject]) {
    const agent = policy.whoIs(principal);
    if (agent !== undefined && isKilled(agent.name)) return agent.name;
  }
  return undefined;
}
