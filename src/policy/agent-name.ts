/** Fits into a SPIFFE path segment and a metric label, and cannot be taken for an ID. */
export const AGENT_NAME = /^[a-z][a-z0-9._-]{0,62}$/;

interface NameFault {
  readonly message: string;
  readonly remedy: string;
}

export function agentNameFault(text: string): NameFault | undefined {
  const fault = nameFault(text, 'an agent');
  return fault && { message: 'is no name for an agent', remedy: fault.remedy };
}

/** The same for others that the policy names; the message is a whole sentence. */
export function nameFault(text: string, what: string): NameFault | undefined {
  if (AGENT_NAME.test(text)) return undefined;
  return {
    message: `'${text}' is no name for ${what}`,
    remedy: `A name begins with a-z and has a-z, 0-9, '.', '_' and '-', at most 63 characters.`,
  };
}
