import type { Principal } from '../call/index.ts';
import type { Client, Registry } from './client.ts';
import { TokenRefusal } from './refusal.ts';
import type { SubjectToken } from './subject.ts';

/** Authority that a client was handed, in the names of our own tokens: whose it is, and through whose hands it came. */
export interface Delegation {
  /** `sub`: an agent's SPIFFE ID, or `<issuer's name>/<its sub>`. */
  readonly subject: string;
  /** From the last one inwards, without the client. */
  readonly actors: readonly Principal[];
  readonly scopes: ReadonlySet<string>;
  /** Where it may be used; undefined for wherever the client may go. */
  readonly audiences?: readonly string[];
  /** Milliseconds since the epoch, exclusive. */
  readonly expiresAt: number;
}

/** Who asks, and whom there is to ask. */
export interface Asker {
  readonly client: Client;
  readonly registry: Registry;
  /** Our own `iss`. */
  readonly issuer: string;
}

/**
 * What a subject token hands to the client. Whoever holds the token is not asked whether it was bound to them: the
 * inbound sidecar saw the caller's certificate, we see the client's. What keeps a thief from turning it into a token of
 * its own is that it was made for the client and for nobody else.
 *
 * @throws TokenRefusal
 */
export function delegationOf(token: SubjectToken, asker: Asker): Delegation {
  checkAudience(token, asker);
  checkMayAct(token, asker);
  return {
    subject: subjectName(token, asker),
    actors: actorsSoFar(token, asker).map((actor) => knownAs(actor, token, asker)),
    scopes: token.scopes,
    expiresAt: token.expiresAt,
  };
}

/** The agent that a principal of ours or of a listed issuer is. */
export function agentOf(principal: Principal, { registry, issuer }: Asker): Client | undefined {
  return principal.issuer === issuer
    ? registry.withId(principal.subject)
    : registry.whoIs(principal);
}

/** Foreign issuers know the client by names of their own, which the policy lists with the client and with nobody else. */
function checkAudience({ audiences, subject }: SubjectToken, asker: Asker): void {
  const [audience, another] = audiences;
  const { client } = asker;
  const named = { issuer: subject.issuer, subject: audience ?? '' };
  if (another === undefined && audience === client.spiffeId) return;
  const foreign = subject.issuer !== asker.issuer;
  if (another === undefined && foreign && agentOf(named, asker)?.spiffeId === client.spiffeId)
    return;
  const detail = `the subject token is not for ${client.name} and nobody else`;
  throw new TokenRefusal('invalid_request', detail);
}

function checkMayAct({ mayAct }: SubjectToken, asker: Asker): void {
  if (mayAct === undefined) return;
  if (mayAct !== null && agentOf(mayAct, asker)?.spiffeId === asker.client.spiffeId) return;
  const detail = `the subject token's may_act does not name ${asker.client.name}`;
  throw new TokenRefusal('invalid_request', detail);
}

/** No name of an issuer has a colon or a slash, so no two issuers' subjects, and no agent, come to one name. */
function subjectName({ issuerName, subject }: SubjectToken, asker: Asker): string {
  const agent = agentOf(subject, asker);
  if (agent !== undefined) return agent.spiffeId;
  return issuerName === undefined ? subject.subject : `${issuerName}/${subject.subject}`;
}

/** Whoever presented a token without actors has acted as well, unless it is the subject itself, or the client. */
function actorsSoFar({ actors, presenter, subject }: SubjectToken, asker: Asker) {
  if (actors.length > 0) return actors;
  const [by, on] = [agentOf(presenter, asker)?.spiffeId, agentOf(subject, asker)?.spiffeId];
  const isSubject = same(presenter, subject) || (by !== undefined && by === on);
  return isSubject || by === asker.client.spiffeId ? [] : [presenter];
}

/** An actor whom nobody knows holds no scope; only an issuer that narrows has asked for that. */
function knownAs(actor: Principal, { narrows }: SubjectToken, asker: Asker): Principal {
  const agent = agentOf(actor, asker);
  if (agent !== undefined) return { issuer: asker.issuer, subject: agent.spiffeId };
  if (narrows) return actor;
  throw new TokenRefusal('invalid_request', 'an actor of the subject token is no known agent');
}

function same(one: Principal, other: Principal): boolean {
  return one.issuer === other.issuer && one.subject === other.subject;
}
