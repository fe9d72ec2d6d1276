import type { Decision, Denial, Principal, VerifiedToken } from '../call/index.ts';
import { denial } from './denial.ts';
import type { PolicyAgent, PolicyRoute } from './entry.ts';
import type { Principals } from './principals.ts';

/** Whether everybody whom it takes has every scope of a route; if not, whose was missing. */
export class TokenScopes {
  readonly #who: Principals;

  constructor(who: Principals) {
    this.#who = who;
  }

  judge(agent: PolicyAgent, route: PolicyRoute, token: VerifiedToken): Decision {
    for (const scope of route.scopes)
      if (!this.#reached(agent, route, token, scope)) return this.#lacking(agent, route, token);
    return route.grant;
  }

  #reached(agent: PolicyAgent, route: PolicyRoute, token: VerifiedToken, scope: string): boolean {
    if (!agent.grants.covers(scope)) return false;
    const { token: taken, onBehalfOf, withoutToken } = route.tokenRule;
    const inToken = token.scopes.has(scope);
    // What can be used without a token or a subject is not lost by sending one.
    if ((taken === 'optional' || inToken) && withoutToken.includes(scope)) return true;
    if (onBehalfOf === 'allowed' && this.#who.whoIs(token.subject) === agent) return false;
    return inToken && this.#whoLacks(token, scope) === undefined;
  }

  /** Of an issuer that does not narrow, a token may hold more than somebody in its chain may do. */
  #whoLacks(token: VerifiedToken, scope: string): Principal | undefined {
    if (this.#who.narrows(token.issuer)) return undefined;
    for (const actor of token.actors)
      if (this.#who.whoIs(actor)?.grants.covers(scope) !== true) return actor;
    // An agent as the subject may never do more than its own entry says; anybody else has none.
    const subject = this.#who.whoIs(token.subject);
    return subject === undefined || subject.grants.covers(scope) ? undefined : token.subject;
  }

  #lacking(agent: PolicyAgent, route: PolicyRoute, token: VerifiedToken): Denial {
    const unheld = agent.grants.missing(route.scopes);
    if (unheld.length > 0) {
      const missing = `${unheld.join(' and ')} ${areOrIs(unheld)} not granted to ${agent.name}`;
      return scopeDenial(route, { missing, missingScopes: unheld, whose: agent.name });
    }
    const { onBehalfOf, withoutToken } = route.tokenRule;
    const unreached = route.scopes.filter((one) => !this.#reached(agent, route, token, one));
    const alone = onBehalfOf === 'allowed' && this.#who.whoIs(token.subject) === agent;
    if (alone && unreached.some((one) => !withoutToken.includes(one))) {
      const most = withoutToken.join(' and ') || 'no scope';
      const missing = `somebody on whose behalf: on nobody's, ${most} can be used`;
      return denial('DELEGATION_REQUIRED', route, { missing });
    }
    return this.#tokenOrChainLacks(agent, route, { token, unreached });
  }

  #tokenOrChainLacks(
    agent: PolicyAgent,
    route: PolicyRoute,
    { token, unreached }: { token: VerifiedToken; unreached: readonly string[] },
  ): Denial {
    const absent = unreached.filter((scope) => !token.scopes.has(scope));
    const subject = this.#who.whoIs(token.subject);
    const its = subject === agent ? 'its' : `${subject?.name ?? token.subject.subject}'s`;
    if (absent.length > 0) {
      const granted = `${absent.join(' and ')} ${areOrIs(absent)} granted to ${agent.name}`;
      const missing = `${granted}, but ${its} token has ${only([...token.scopes])}`;
      const whose = this.#who.nameOf(token.subject);
      return scopeDenial(route, { missing, missingScopes: absent, whose });
    }
    const [scope = ''] = unreached;
    const principal = this.#whoLacks(token, scope) ?? token.subject;
    const whose = this.#who.nameOf(principal);
    const held = only(this.#who.whoIs(principal)?.grants.written ?? []);
    const missing = `${scope} is granted to ${agent.name} and in ${its} token, but ${whose}, who stands in its chain, holds ${held}`;
    return scopeDenial(route, { missing, missingScopes: unreached, whose });
  }
}

function scopeDenial(
  route: PolicyRoute,
  parts: { missing: string; missingScopes: readonly string[]; whose: string },
): Denial {
  return denial('SCOPE_MISSING', route, parts);
}

function areOrIs(scopes: readonly string[]): string {
  return scopes.length === 1 ? 'is' : 'are';
}

function only(scopes: readonly string[]): string {
  return scopes.length === 0 ? 'no scope' : `only ${scopes.join(', ')}`;
}
