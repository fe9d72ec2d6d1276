import type { Decision, Denial } from '../call/index.ts';
import { denial } from './denial.ts';
import type { PolicyAgent, PolicyRoute } from './entry.ts';

/** By what the agent holds alone; where a token is optional, as much of it as needs none. */
export function withoutToken(agent: PolicyAgent, route: PolicyRoute): Decision {
  const { token, withoutToken: free } = route.tokenRule;
  if (token === 'required') return denial('TOKEN_MISSING', route, { missing: 'an access token' });
  if (!agent.grants.coversAll(route.scopes)) {
    const missingScopes = agent.grants.missing(route.scopes);
    return denial('SCOPE_MISSING', route, { missing: missingScopes.join(' '), missingScopes });
  }
  if (token !== 'optional') return route.grant;
  for (const scope of route.scopes) {
    if (free.includes(scope)) continue;
    const missing = `an access token: without one ${free.join(' and ') || 'no scope'} can be used`;
    return denial('TOKEN_MISSING', route, { missing });
  }
  return route.grant;
}

/** Whoever issued it: nobody would have looked. */
export function notTaken(route: PolicyRoute): Denial {
  return denial('TOKEN_NOT_TAKEN', route, { missing: 'a route that takes a token' });
}
