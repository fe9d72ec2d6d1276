import type { Decision, Denial, Principal, VerifiedToken } from '../call/index.ts';
import { denial } from './denial.ts';
import type { PolicyAgent, PolicyRoute } from './entry.ts';
import { believesTheSame } from './issuers.ts';
import type { Principals } from './principals.ts';
import { TokenScopes } from './token-scopes.ts';
import { notTaken, withoutToken } from './without-token.ts';

/**
 * What an enabled agent may do on a route, with a token or without: pure, and without an allocation where the answer is
 * yes. What the agent itself does not hold no token gives it, and each further name in a token can only take away.
 */
export class TokenGate {
  readonly #who: Principals;
  readonly #scopes: TokenScopes;

  constructor(who: Principals) {
    this.#who = who;
    this.#scopes = new TokenScopes(who);
  }

  judge(agent: PolicyAgent, route: PolicyRoute, token: VerifiedToken | undefined): Decision {
    const rule = route.tokenRule;
    if (rule.token === 'ignored' || token === undefined) return withoutToken(agent, route);
    if (rule.token === 'forbidden') return notTaken(route);
    return (
      this.#provenance(agent, route, token) ??
      this.#delegation(agent, route, token) ??
      this.#chain(agent, route, token) ??
      this.#scopes.judge(agent, route, token)
    );
  }

  /** Asked again after a reload: a token counts if this policy would have verified it in the same way. */
  #provenance(agent: PolicyAgent, route: PolicyRoute, token: VerifiedToken): Denial | undefined {
    const entry = this.#who.issuerOf(token.issuer.issuer);
    if (entry === undefined || !believesTheSame(entry, token.issuer))
      return denial('TOKEN_UNTRUSTED', route, { missing: 'an issuer of the policy' });
    if (this.#who.whoIs(token.presenter) === agent) return undefined;
    const whose = this.#who.nameOf(token.presenter);
    const missing = `a token that was issued to ${agent.name}: this one was to ${whose}`;
    return denial('TOKEN_WRONG_PRESENTER', route, { missing, whose });
  }

  #delegation(agent: PolicyAgent, route: PolicyRoute, token: VerifiedToken): Denial | undefined {
    const { onBehalfOf } = route.tokenRule;
    if (this.#who.whoIs(token.subject) === agent) {
      if (onBehalfOf !== 'required') return undefined;
      return denial('DELEGATION_REQUIRED', route, { missing: 'somebody on whose behalf' });
    }
    if (onBehalfOf !== 'forbidden' && this.#mayBeActedFor(route, token.subject)) return undefined;
    const whose = this.#who.nameOf(token.subject);
    if (onBehalfOf === 'forbidden') {
      const missing = `a token of ${agent.name}'s own: this one speaks for ${whose}`;
      return denial('DELEGATION_FORBIDDEN', route, { missing, whose });
    }
    const missing = `${whose} among the subjects of the route`;
    return denial('DELEGATION_SUBJECT_REFUSED', route, { missing, whose });
  }

  /** A subject of an issuer that is not listed is nobody, also where anybody may be acted for. */
  #mayBeActedFor(route: PolicyRoute, { issuer, subject }: Principal): boolean {
    const { subjects } = route.tokenRule;
    const entry = this.#who.issuerOf(issuer);
    if (entry === undefined || subjects === undefined) return entry !== undefined;
    for (const pattern of subjects.get(entry.name) ?? NOBODY)
      if (matches(pattern, subject)) return true;
    return false;
  }

  #chain(agent: PolicyAgent, route: PolicyRoute, token: VerifiedToken): Denial | undefined {
    const { maxDepth, loops } = route.tokenRule;
    const depth = token.actors.length;
    if (depth > maxDepth) {
      const missing = `a chain of at most ${maxDepth}: this one has ${depth} actors`;
      return denial('DELEGATION_TOO_DEEP', route, { missing });
    }
    const twice = loops === 'refuse' ? this.#twice(token) : undefined;
    if (twice !== undefined) {
      const whose = this.#who.nameOf(twice);
      const missing = `a chain in which nobody stands twice: ${whose} does`;
      return denial('DELEGATION_LOOP', route, { missing, whose });
    }
    for (const actor of token.actors) {
      const missing = this.#actorFault(agent, route, token, actor);
      if (missing !== undefined) return this.#actorRefused(route, actor, missing);
    }
    // Of an agent that is disabled nothing is done any more, by nobody.
    if (this.#who.whoIs(token.subject)?.disabled !== true) return undefined;
    return this.#actorRefused(route, token.subject, 'is disabled');
  }

  #actorFault(
    agent: PolicyAgent,
    route: PolicyRoute,
    token: VerifiedToken,
    actor: Principal,
  ): string | undefined {
    const { via } = route.tokenRule;
    const known = this.#who.whoIs(actor);
    if (known === agent) return undefined;
    if (known?.disabled === true) return 'is disabled';
    if (known === undefined && !this.#who.narrows(token.issuer)) return 'is no agent of the policy';
    if (via === undefined || (known !== undefined && via.includes(known.name))) return undefined;
    return `is not in 'via' of the route`;
  }

  #actorRefused(route: PolicyRoute, actor: Principal, fault: string): Denial {
    const whose = this.#who.nameOf(actor);
    const missing = `a chain of those who may act here: ${whose} ${fault}`;
    return denial('DELEGATION_ACTOR_REFUSED', route, { missing, whose });
  }

  /** Somebody whom the call has come by twice. That the first actor is the subject itself is no way round. */
  #twice({ actors, subject }: VerifiedToken): Principal | undefined {
    const innermost = actors.length - 1;
    for (let outer = 0; outer <= innermost; outer++) {
      const actor = actors[outer];
      if (actor === undefined) continue;
      if (outer < innermost && this.#who.same(actor, subject)) return actor;
      for (let inner = outer + 1; inner <= innermost; inner++) {
        const other = actors[inner];
        if (other !== undefined && this.#who.same(actor, other)) return actor;
      }
    }
    return undefined;
  }
}

const NOBODY: readonly string[] = [];

function matches(pattern: string, subject: string): boolean {
  if (!pattern.endsWith('*')) return pattern === subject;
  return subject.length >= pattern.length - 1 && subject.startsWith(pattern.slice(0, -1));
}
