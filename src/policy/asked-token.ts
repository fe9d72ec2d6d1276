import type { IssuerEntry, Principal, VerifiedToken } from '../call/index.ts';
import type { PolicyAgent } from './entry.ts';
import type { Policy } from './policy.ts';

/** A token, as somebody thinks of it. */
export interface AskedToken {
  /** `issuer/subject`, the issuer by its name in the policy. Undefined: the token is the agent's own. */
  readonly for?: string | undefined;
  readonly scopes: readonly string[];
  /** Who stands between the subject and the agent, in the order of the calls: agents' names, or `issuer/subject`. */
  readonly via?: readonly string[] | undefined;
}

/** The token that is meant, as if it had been sent; undefined if its issuer is not listed. */
export function tokenMeant(
  policy: Policy,
  agent: PolicyAgent,
  asked: AskedToken,
): VerifiedToken | undefined {
  const issuer = asked.for === undefined ? policy.issuers[0] : issuerIn(policy, asked.for);
  if (issuer === undefined) return undefined;
  const presenter = { issuer: issuer.issuer, subject: agent.spiffeId.toString() };
  const behind = (asked.via ?? []).map((text) => principalMeant(policy, issuer, text));
  return {
    issuer,
    subject: asked.for === undefined ? presenter : principalMeant(policy, issuer, asked.for),
    presenter,
    // A token that nobody has passed on has no chain.
    actors: behind.length === 0 ? [] : [presenter, ...behind.toReversed()],
    scopes: new Set(asked.scopes),
    expiresAt: Infinity,
    tokenId: 'asked',
  };
}

function principalMeant(policy: Policy, issuer: IssuerEntry, text: string): Principal {
  const agent = policy.agentNamed(text);
  if (agent !== undefined) return { issuer: issuer.issuer, subject: agent.spiffeId.toString() };
  const named = issuerIn(policy, text);
  const subject = named === undefined ? text : text.slice(named.name.length + 1);
  return { issuer: (named ?? issuer).issuer, subject };
}

function issuerIn({ issuers }: Policy, text: string): IssuerEntry | undefined {
  const slash = text.indexOf('/');
  return issuers.find(({ name }) => slash !== -1 && name === text.slice(0, slash));
}
