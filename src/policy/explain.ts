import type {
  AgentEntry,
  Decision,
  FailureCode,
  Mode,
  Question,
  RouteEntry,
} from '../call/index.ts';
import { closest, type SourcePosition } from '../lib/index.ts';
import type { SpiffeId } from '../spiffe/index.ts';
import type { PolicyAgent, PolicyRoute } from './entry.ts';
import { denialMode } from './mode.ts';
import type { PathEntry } from './path-entry.ts';
import type { Policy } from './policy.ts';
import { proposeChange, type Change } from './propose.ts';
import { sentencesOf } from './sentences.ts';
import { agentOf, judge, type Ask } from './verdict.ts';

/** Why the policy says what it says of a call. */
export interface Explanation {
  readonly ask: Ask;
  readonly allowed: boolean;
  readonly code: FailureCode | 'OK';
  readonly agent: PolicyAgent | undefined;
  /** The route that decided; where none matched, the nearest one. */
  readonly rule: RouteEntry | undefined;
  readonly nearest: boolean;
  /** How strictly a denial is held here; shadow lets the call pass and records it. */
  readonly mode: Mode;
  readonly file: string;
  /** Where the policy says so: the rule, or the agent if that decided. */
  readonly at: SourcePosition | undefined;
  /** Routes whose path matches too, and that lost to a more specific one. */
  readonly lost: readonly PolicyRoute[];
  /** The route that the path would belong to but for letter case or one slash at its end. */
  readonly almost: PolicyRoute | undefined;
  readonly required: readonly string[];
  readonly held: readonly string[];
  readonly missing: string;
  /** The agent whose name is nearly the one asked for. */
  readonly meant: string | undefined;
  /** What would allow the call. */
  readonly change: Change | undefined;
  readonly sentences: readonly string[];
}

/** Asks the policy, and says why. Without `now` (milliseconds since the epoch), shadows with an end count as ended. */
export function explain(policy: Policy, ask: Ask, now = Infinity): Explanation {
  const { agent, decision } = judge(policy, ask);
  return explained(policy, ask, { agent, decision, now });
}

/** The same for a decision that was taken earlier, perhaps by an older policy than the one given. */
export function explainDenial(
  policy: Policy,
  taken: { who: AgentEntry | SpiffeId; question: Question; decision: Decision; now?: number },
): Explanation {
  const { who, question, decision, now = Infinity } = taken;
  const as = 'spiffeId' in who ? who.name : who.toString();
  return explained(policy, { ...question, as }, { agent: agentOf(policy, as), decision, now });
}

interface Found {
  readonly agent: PolicyAgent | undefined;
  readonly decision: Decision;
  readonly now: number;
}

function explained(policy: Policy, ask: Ask, { agent, decision, now }: Found): Explanation {
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
    meant: agent === undefined ? nameMeant(policy, ask.as) : undefined,
    change: decision.allowed ? undefined : proposeChange(policy, ask),
  } as const;
  return { ...facts, sentences: sentencesOf(facts, judge(policy, ask).decision.allowed) };
}

function placeOf(
  code: Explanation['code'],
  found: { rule: RouteEntry | undefined; agent: PolicyAgent | undefined },
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
