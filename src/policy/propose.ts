import { SourceFaults, readYaml, type YamlSource } from '../lib/index.ts';
import { AGENT_NAME } from './agent-name.ts';
import { defaultId } from './agents.ts';
import { Draft, type LineEdit } from './draft.ts';
import { addEntry, addMethod, addScopes, enable } from './edit.ts';
import { compilePolicy } from './load.ts';
import { isMethod, keyFor, sameKind, scopesFor } from './new-route.ts';
import type { Policy } from './policy.ts';
import type { PolicyRoute } from './entry.ts';
import { judge, type Ask, type Verdict } from './verdict.ts';

/** A change of the policy file, and what it does, one sentence part a step. */
export interface Change {
  readonly steps: readonly string[];
  readonly edits: readonly LineEdit[];
}

interface Loaded {
  readonly policy: Policy;
  /** Read when a step edits it: most denials have no step that we could propose. */
  readonly source: () => YamlSource;
}

interface Workshop extends Loaded {
  readonly draft: Draft;
  readonly ask: Ask;
}

/** A route, an agent, its switch, its scopes: nothing else can stand in the way. */
const MAX_STEPS = 4;

/**
 * The smallest change that would allow a call; undefined if it is allowed, or if no change that we can make would do.
 * Each step is made and the file loaded again, so what is proposed is known to be true.
 */
export function proposeChange(policy: Policy, ask: Ask): Change | undefined {
  const draft = new Draft(policy.text);
  const steps: string[] = [];
  let current: Loaded = { policy, source: () => readYaml(policy.text, policy.file) };
  for (let round = 0; round < MAX_STEPS; round++) {
    const verdict = judge(current.policy, ask);
    if (verdict.decision.allowed) break;
    const step = takeStep({ ...current, draft, ask }, verdict);
    const next = step === undefined ? undefined : reload(draft.text, policy);
    if (step === undefined || next === undefined) return undefined;
    steps.push(step);
    current = next;
  }
  if (steps.length === 0 || !judge(current.policy, ask).decision.allowed) return undefined;
  return { steps, edits: draft.edits };
}

function reload(text: string, { file, mode }: Policy): Loaded | undefined {
  try {
    const source = readYaml(text, file);
    return { source: () => source, policy: compilePolicy(source, text, { mode }) };
  } catch (error) {
    if (error instanceof SourceFaults) return undefined;
    throw error;
  }
}

/** Makes the next change and says what it was. The route comes first: what it takes decides what to grant. */
function takeStep(shop: Workshop, { agent, decision }: Verdict): string | undefined {
  const { policy, ask, source, draft } = shop;
  const route = policy.route(ask);
  if ('allowed' in route) {
    const near = policy.routes.find((one) => one === route.rule);
    if (route.code === 'NO_ROUTE') return newRoute(shop, near, keyFor(ask));
    return route.code === 'METHOD_NOT_ALLOWED' ? newMethod(shop, near) : undefined;
  }
  if (agent === undefined) return newAgent(shop);
  if (agent.disabled) {
    enable(source(), draft, agent.name);
    return `enable ${agent.name}`;
  }
  // What a token or somebody else in its chain lacks, no line of this file should give the agent.
  if (decision.allowed || (decision.whose ?? agent.name) !== agent.name) return undefined;
  if (decision.missingScopes.length === 0) return undefined;
  addScopes(source(), draft, agent.name, decision.missingScopes);
  return `grant ${decision.missingScopes.join(' and ')} to ${agent.name}`;
}

function newMethod(shop: Workshop, near: PolicyRoute | undefined): string | undefined {
  const { policy, ask, source, draft } = shop;
  const entry = policy.paths.find(ask.path);
  if (entry === undefined || !isMethod(ask.method)) return undefined;
  const { agent } = judge(policy, ask);
  const lines = [...new Set(entry.methods.values())];
  const tokens = lines.some(takesToken);
  const joinable = lines.filter((one) => sameKind(ask.method, one) && takesToken(one) === tokens);
  const best = joinable.find((one) => agent?.grants.coversAll(one.scopes)) ?? joinable[0];
  if (best === undefined) return newRoute(shop, near, `${ask.method} ${entry.template.text}`);
  addMethod(source(), draft, best.name, ask.method);
  return `add ${ask.method} to the route '${best.name}'`;
}

function takesToken({ tokenRule }: PolicyRoute): boolean {
  return tokenRule.token === 'required' || tokenRule.token === 'optional';
}

/** Whether a path takes tokens: a route that we propose beside it would take none. */
function besideTokens({ routes }: Policy, near: PolicyRoute | undefined): boolean {
  return routes.some((one) => one.template.text === near?.template.text && takesToken(one));
}

function newRoute(
  shop: Workshop,
  near: PolicyRoute | undefined,
  key: string | undefined,
): string | undefined {
  const { policy, ask, source, draft } = shop;
  if (key === undefined || besideTokens(policy, near)) return undefined;
  const scopes = scopesFor(ask, near, judge(policy, ask).agent?.grants);
  const value = `[${scopes.join(', ')}]`;
  addEntry(source(), draft, { section: 'routes', key, value, near: near?.name });
  return `add the route '${key}: ${value}'`;
}

function newAgent({ policy, ask, source, draft }: Workshop): string | undefined {
  const name = nameFor(policy, ask.as);
  if (!AGENT_NAME.test(name) || policy.agentNamed(name) !== undefined) return undefined;
  const byDefault = ask.as === name || ask.as === defaultId(policy.trustDomain, name);
  const value = byDefault ? '[]' : `{ id: '${ask.as}', scopes: [] }`;
  addEntry(source(), draft, { section: 'agents', key: name, value });
  return `add the agent '${name}'`;
}

/** A name for an ID: its last segment, made to fit, with a number if it is taken. */
function nameFor(policy: Policy, as: string): string {
  if (!as.startsWith('spiffe://')) return as;
  const word = (as.split('/').at(-1) ?? '').toLowerCase().slice(0, 50);
  const name = AGENT_NAME.test(word) ? word : `agent-${word}`;
  let free = name;
  for (let count = 2; policy.agentNamed(free) !== undefined; count++) free = `${name}-${count}`;
  return free;
}
