/** Fits into a SPIFFE path segment and a metric label, and cannot be taken for an ID. */
export const AGENT_NAME = /^[a-z][a-z0-9._-]{0,62}$/;

export function agentNameFault(text: string): { message: string; remedy: string } | undefined {
  if (AGENT_NAME.test(text)) return undefined;
  return {
    message: 'is no name for an agent',
    remedy: `A name begins with a-z and has a-z, 0-9, '.', '_' and '-', at most 63 characters.`,
  };
}
