import type { FailureCode } from '../call/index.ts';
import type { PolicyAgent, PolicyRoute } from './entry.ts';
import type { Policy } from './policy.ts';

/** One agent before one route. */
export interface MatrixCell {
  readonly code: FailureCode | 'OK';
  readonly missing: readonly string[];
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
  return decision.allowed ? OPEN : { code: decision.code, missing: decision.missingScopes };
}
