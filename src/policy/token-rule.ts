import { NO_TOKENS, type TokenRule } from '../call/index.ts';
import type { SourceFault, YamlSource } from '../lib/index.ts';
import { agentListFaults } from './clients.ts';
import { issuerNameFaults } from './issuers.ts';
import { fieldOf, sectionOf, textsOf } from './section.ts';
import type { PolicyFile, RouteValue } from './shape.ts';
import { tokenFields } from './token-shape.ts';

const MAX_DEPTH = 4;
const CHAIN = ['subjects', 'maxDepth', 'via', 'loops'] as const;

/** Something wrong at a place below the route. */
type Refuse = (path: readonly PropertyKey[], message: string, remedy: string) => void;

/** What no shape says of a route's rule for tokens: names that are nobody's, conditions that could never take effect. */
export function tokenFaults(source: YamlSource, route: string, value: unknown): SourceFault[] {
  const fields = Object.keys(tokenFields).filter((field) => fieldOf(value, field) !== undefined);
  if (fields.length === 0) return [];
  const faults: SourceFault[] = [];
  const refuse: Refuse = (path, message, remedy) => {
    faults.push(source.fault(source.valueAt(['routes', route, ...path]), message, remedy));
  };
  const trusted = sectionOf(source, 'issuers').length > 0;
  if (!trusted)
    for (const field of fields)
      refuse([field], `'${field}' has no effect without 'issuers'`, `Add 'issuers', or remove it.`);
  else if (fieldOf(value, 'authorization') === 'pass')
    refuse(
      ['authorization'],
      `'pass' leaves the token to the agent behind: '${fields.join(`', '`)}' would have no effect`,
      `Remove 'authorization: pass', or what the route says of tokens.`,
    );
  else {
    tokenAndSubjectFaults(value, refuse);
    taskFaults(value, refuse);
    chainFaults(value, refuse);
    withoutTokenFaults(value, refuse);
  }
  if (trusted) {
    const path = ['routes', route, 'subjects'];
    faults.push(...issuerNameFaults(source, path, fieldOf(value, 'subjects')));
  }
  const names = sectionOf(source, 'agents').map(([name]) => name);
  return [...faults, ...agentListFaults(source, ['routes', route, 'via'], names)];
}

function tokenAndSubjectFaults(value: unknown, refuse: Refuse): void {
  const [token, onBehalfOf] = [fieldOf(value, 'token'), fieldOf(value, 'onBehalfOf')];
  if (onBehalfOf === 'required' && (token === 'optional' || token === 'forbidden'))
    refuse(
      ['token'],
      `'token: ${token}' contradicts 'onBehalfOf: required', which takes a token`,
      `Write 'token: required', or leave it out.`,
    );
  if (onBehalfOf === 'allowed' && (token === undefined || token === 'forbidden'))
    refuse(
      ['onBehalfOf'],
      `'onBehalfOf: allowed' has no effect where no token is taken`,
      `Add 'token: required' or 'token: optional'.`,
    );
}

/** What goes on after the call goes on with the authority of its token. */
function taskFaults(value: unknown, refuse: Refuse): void {
  if (fieldOf(value, 'tasks') === undefined) return;
  const [token, onBehalfOf] = [fieldOf(value, 'token'), fieldOf(value, 'onBehalfOf')];
  if (token === 'required' || token === 'optional' || onBehalfOf === 'required') return;
  const remedy = `Add 'token: required' or 'token: optional', or remove it.`;
  refuse(['tasks'], `'tasks' has no effect where no token is taken`, remedy);
}

function chainFaults(value: unknown, refuse: Refuse): void {
  const onBehalfOf = fieldOf(value, 'onBehalfOf');
  const fields = CHAIN.filter((field) => fieldOf(value, field) !== undefined);
  if (onBehalfOf === undefined || onBehalfOf === 'forbidden') {
    for (const field of fields)
      refuse(
        [field],
        `'${field}' has no effect where nobody may be acted for`,
        `Add 'onBehalfOf: allowed' or 'onBehalfOf: required', or remove it.`,
      );
    return;
  }
  const maxDepth = fieldOf(value, 'maxDepth');
  if (fields.includes('via') && typeof maxDepth === 'number' && maxDepth < 2)
    refuse(
      ['via'],
      `'via' has no effect where nobody can stand behind the caller`,
      `Raise 'maxDepth' to 2 or more, or remove it.`,
    );
}

function withoutTokenFaults(value: unknown, refuse: Refuse): void {
  const optional = fieldOf(value, 'token') === 'optional';
  const allowed = fieldOf(value, 'onBehalfOf') === 'allowed';
  const list = fieldOf(value, 'withoutToken');
  if (list === undefined) {
    const [field, word] = optional ? ['token', 'optional'] : ['onBehalfOf', 'allowed'];
    if (!optional && !allowed) return;
    const use = optional ? 'without a token' : `on nobody's behalf`;
    const remedy = `Add 'withoutToken' with the scopes that can be used ${use}; [] is none.`;
    return refuse([field], `'${field}: ${word}' must say 'withoutToken'`, remedy);
  }
  if (!optional && !allowed)
    return refuse(
      ['withoutToken'],
      `'withoutToken' has no effect without 'token: optional' or 'onBehalfOf: allowed'`,
      'Add one of the two, or remove it.',
    );
  const required = textsOf(fieldOf(value, 'scopes')).map(([, scope]) => scope);
  for (const [index, scope] of textsOf(list).filter(([, one]) => !required.includes(one)))
    refuse(
      ['withoutToken', index],
      `the route does not take '${scope}'`,
      `Name scopes of the route's own 'scopes', or remove it.`,
    );
}

/** A route's rule. Where the file names issuers, a route that does not mention tokens takes none. */
export function tokenRuleOf(file: PolicyFile, value: RouteValue): TokenRule {
  const fields: Partial<Extract<RouteValue, { token?: unknown }>> = value;
  if (file.issuers === undefined || fields.authorization === 'pass') return NO_TOKENS;
  const { onBehalfOf = 'forbidden', withoutToken = [], subjects, via } = fields;
  return Object.freeze({
    token: fields.token ?? (onBehalfOf === 'required' ? 'required' : 'forbidden'),
    onBehalfOf,
    withoutToken: Object.freeze(withoutToken),
    subjects: subjects && new Map(Object.entries(subjects)),
    maxDepth: fields.maxDepth ?? MAX_DEPTH,
    via: via && Object.freeze(via),
    loops: fields.loops ?? 'refuse',
    tasks: fields.tasks ?? 0,
  });
}
