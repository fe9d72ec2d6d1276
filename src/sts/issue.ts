import type { Principal } from '../call/index.ts';
import type { Client } from './client.ts';
import { agentOf, type Asker, type Delegation } from './delegation.ts';
import { lifetimeOf } from './lifetime.ts';
import { TokenRefusal } from './refusal.ts';
import { askedScopes, narrowedScopes, ownScopes } from './scopes.ts';
import { audienceOf, type AskedTarget } from './target.ts';

/** More actors than that are no chain that somebody meant. */
const MAX_DEPTH = 4;

/** What a client asks for. */
export interface AskedToken extends AskedTarget {
  readonly scope: string | undefined;
}

/** When the client asks, and when its certificate ends; milliseconds since the epoch. */
export interface AskedAt {
  readonly now: number;
  readonly certificateEnds: number;
}

/** A token that may be signed. */
export interface Issue {
  readonly subject: string;
  readonly audience: string;
  readonly scopes: readonly string[];
  /** From the client inwards; empty where nobody is acted for. */
  readonly actors: readonly Principal[];
  /** Seconds. */
  readonly lifetime: number;
}

/** A token of the client's own authority. @throws TokenRefusal */
export function issueOwn(asked: AskedToken, asker: Asker, at: AskedAt): Issue {
  const { client, registry } = asker;
  return {
    subject: client.spiffeId,
    audience: audienceOf(asked, client, registry),
    scopes: ownScopes(askedScopes(asked.scope), client),
    actors: [],
    lifetime: lifetimeOf(at.now, at.certificateEnds),
  };
}

/**
 * A token of the authority that the client was handed: never more than everybody in the chain may do, by the policy as it
 * is now.
 *
 * @throws TokenRefusal
 */
export function issueDelegated(
  asked: AskedToken,
  delegation: Delegation,
  asker: Asker,
  at: AskedAt,
): Issue {
  const { actors, agents } = actingNow(delegation, asker);
  const audience = audienceOf(asked, asker.client, asker.registry);
  if (delegation.audiences?.includes(audience) === false)
    throw new TokenRefusal('invalid_target', 'the task grant was not given for this audience');
  return {
    subject: delegation.subject,
    audience,
    scopes: narrowedScopes(askedScopes(asked.scope), delegation.scopes, agents),
    actors,
    lifetime: lifetimeOf(at.now, at.certificateEnds, delegation.expiresAt),
  };
}

/** Everybody who acts, the client first, and all agents whose grants count: theirs, and the subject's if it is one. */
export interface Acting {
  readonly actors: readonly Principal[];
  readonly agents: readonly Client[];
}

/** @throws TokenRefusal if the chain is too long, turns back, or has an agent that may not act any more */
export function actingNow({ subject, actors: before }: Delegation, asker: Asker): Acting {
  const { issuer, client } = asker;
  const actors = [{ issuer, subject: client.spiffeId }, ...before];
  const everybody = [...actors, { issuer, subject }];
  if (actors.length > MAX_DEPTH)
    throw new TokenRefusal('invalid_request', `there would be more than ${MAX_DEPTH} actors`);
  const names = everybody.map((one) => JSON.stringify([one.issuer, one.subject]));
  if (new Set(names).size < names.length)
    throw new TokenRefusal('invalid_request', 'somebody would stand in the chain twice');
  return { actors, agents: everybody.flatMap((one) => enabledAgent(one, asker)) };
}

/** The agent that it is; nothing for somebody of another issuer. Agents of ours that are gone have no rights left. */
function enabledAgent(principal: Principal, asker: Asker): readonly Client[] {
  const agent = agentOf(principal, asker);
  if (agent?.disabled === true)
    throw new TokenRefusal('invalid_request', `${agent.name}, who is in the chain, is disabled`);
  if (agent !== undefined) return [agent];
  const ours = principal.issuer === asker.issuer && principal.subject.startsWith('spiffe://');
  if (!ours) return [];
  throw new TokenRefusal('invalid_request', 'somebody in the chain is no agent any more');
}
