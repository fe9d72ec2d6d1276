import type { FailureCode } from '../call/index.ts';
import type { PolicyAgent, PolicyRoute } from './entry.ts';
import type { Policy } from './policy.ts';

/** One agent before one route. */
export interface MatrixCell {
  /** Of a call without a token. */
  readonly code: FailureCode | 'OK';
  readonly missing: readonly string[];
  /** What the agent has to send to use the route, and it can: a token, or one that speaks for somebody. */
  readonly needs?: 'token' | 'subject' | undefined;
}

export interface MatrixRow {
  readonly agent: PolicyAgent;
  /** One a route, in the order of `routes`. */
  readonly cells: readonly MatrixCell[];
}

/** Who may use which route: every agent, in the order of the file, before every route. */
export interface Matrix {
  readonly routes: readonly PolicyRoute[];
  readonly rows: readonly MatrixRow[];
}

export function matrix(policy: Policy): Matrix {
  const rows = policy.agents.map((agent) => ({
    agent,
    cells: policy.routes.map((route) => cellOf(policy, agent, route)),
  }));
  return { routes: policy.routes, rows };
}

const OPEN: MatrixCell = Object.freeze({ code: 'OK', missing: [] });

function cellOf(policy: Policy, agent: PolicyAgent, route: PolicyRoute): MatrixCell {
  const decision = policy.decide(agent, route);
  if (decision.allowed) return OPEN;
  if (decision.code !== 'TOKEN_MISSING')
    return { code: decision.code, missing: decision.missingScopes };
  const missing = agent.grants.missing(route.scopes);
  return { code: decision.code, missing, needs: missing.length > 0 ? undefined : needed(route) };
}

function needed({ scopes, tokenRule }: PolicyRoute): 'token' | 'subject' {
  const { onBehalfOf, withoutToken } = tokenRule;
  if (onBehalfOf === 'allowed')
    return scopes.every((scope) => withoutToken.includes(scope)) ? 'token' : 'subject';
  return onBehalfOf === 'required' ? 'subject' : 'token';
}
