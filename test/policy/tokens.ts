import type { Authority, Principal, VerifiedToken } from '../../src/call/index.ts';
import type { Policy } from '../../src/policy/index.ts';

/** A token that was verified, in few words: who they are as `issuer/subject` or an agent's name, by the first issuer. */
export interface TokenWords {
  readonly of?: string;
  readonly for?: string;
  readonly by: string;
  readonly scopes?: readonly string[];
  /** From the presenter inwards. */
  readonly act?: readonly string[];
}

/** What the stage before would have made of it. The policy believes nothing of it but what it finds itself. */
export function tokenOf(policy: Policy, words: TokenWords): Authority {
  const issuer = policy.issuers.find(({ name }) => name === (words.of ?? 'sts'));
  if (issuer === undefined) throw new Error(`the policy has no issuer ${words.of ?? 'sts'}`);
  const principal = (text: string): Principal => {
    const slash = text.indexOf('/');
    const named = policy.issuers.find(({ name }) => name === text.slice(0, slash));
    if (named !== undefined) return { issuer: named.issuer, subject: text.slice(slash + 1) };
    const agent = policy.agentNamed(text);
    if (agent === undefined) return { issuer: 'https://elsewhere.test', subject: text };
    return { issuer: issuer.issuer, subject: agent.spiffeId.toString() };
  };
  const token: VerifiedToken = {
    issuer,
    subject: principal(words.for ?? words.by),
    presenter: principal(words.by),
    actors: (words.act ?? []).map(principal),
    scopes: new Set(words.scopes ?? []),
    expiresAt: Infinity,
    tokenId: 'x',
  };
  return token as Authority;
}
