import type { Decision, RouteEntry } from '../call/index.ts';
import { closest, type SourcePosition } from '../lib/index.ts';
import type { PolicyRoute } from './entry.ts';
import type { Explanation } from './explanation.ts';
import { denialMode } from './mode.ts';
import type { PathEntry } from './path-entry.ts';
import type { Policy } from './policy.ts';
import { proposeChange } from './propose.ts';
import { sentencesOf } from './sentences.ts';
import { judge, type Ask } from './verdict.ts';

/** Asks the policy, and says why. Without `now` (milliseconds since the epoch), shadows with an end count as ended. */
export function explain(policy: Policy, ask: Ask, now = Infinity): Explanation {
  const { agent, decision } = judge(policy, ask);
  const { rule, nearest } = ruleOf(policy, ask, decision);
  const code = decision.allowed ? 'OK' : decision.code;
  const facts = {
    ask,
    agent,
    allowed: decision.allowed,
    code,
    rule,
    nearest,
    mode: decision.allowed ? policy.mode : denialMode(policy, decision, now),
    file: policy.file,
    at: placeOf(code, { rule, agent }),
    lost: lostTo(policy.paths.all(ask.path), ask.method),
    almost: nearest ? policy.paths.almost(ask.path)?.strictest : undefined,
    required: rule?.scopes ?? [],
    held: agent?.grants.written ?? [],
    missing: decision.allowed ? '' : decision.missing,
    missingScopes: decision.allowed ? [] : decision.missingScopes,
    whose: decision.allowed ? undefined : decision.whose,
    meant: agent === undefined ? nameMeant(policy, ask.as) : undefined,
    change: decision.allowed ? undefined : proposeChange(policy, ask),
  } as const;
  return { ...facts, sentences: sentencesOf(facts) };
}

function placeOf(
  code: Explanation['code'],
  found: Pick<Explanation, 'rule' | 'agent'>,
): SourcePosition | undefined {
  return code === 'AGENT_DISABLED' ? found.agent?.at : found.rule?.at;
}

/** Here there is time to look further than a call does: of all routes, the one that is spelled most like the call. */
function ruleOf(
  policy: Policy,
  ask: Ask,
  decision: Decision,
): { rule: RouteEntry | undefined; nearest: boolean } {
  if (decision.allowed) return { rule: decision.rule, nearest: false };
  if (decision.rule !== undefined) return { rule: decision.rule, nearest: decision.nearest };
  const route = policy.route(ask);
  if (!('allowed' in route)) return { rule: route, nearest: false };
  if (route.rule !== undefined) return { rule: route.rule, nearest: route.nearest };
  const names = policy.routes.map(({ name }) => name);
  const name = closest(`${ask.method} ${ask.path}`, names);
  return { rule: policy.routes.find((one) => one.name === name), nearest: name !== undefined };
}

function lostTo(matching: readonly PathEntry[], method: string): PolicyRoute[] {
  return matching.slice(1).map((entry) => entry.methods.get(method) ?? entry.strictest);
}

function nameMeant(policy: Policy, as: string): string | undefined {
  return closest(
    as,
    policy.agents.map(({ name }) => name),
  );
}
