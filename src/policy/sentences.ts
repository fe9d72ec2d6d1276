import { FAILURES } from '../call/index.ts';
import type { Explanation } from './explanation.ts';
import { elsewhere, ruleSentences, tokenSentences } from './token-sentences.ts';

type Facts = Omit<Explanation, 'sentences'>;

/** An explanation in sentences for the operator. */
export function sentencesOf(facts: Facts): readonly string[] {
  const { ask, allowed, code } = facts;
  const may = allowed ? 'may' : 'may not';
  return [
    `${ask.as} ${may} ${ask.method} ${ask.path}.`,
    ...(code === 'OK' ? [] : [FAILURES[code].operator]),
    ...whichRoute(facts),
    ...whatItTakes(facts),
    ...wayOut(facts),
  ];
}

function whichRoute({ rule, nearest, lost, almost, code }: Facts): string[] {
  if (rule === undefined) return code === 'NO_ROUTE' ? ['No route is like it.'] : [];
  if (almost !== undefined)
    return [`But for letter case or one slash at its end, the path is that of '${almost.name}'.`];
  if (nearest) return [`The nearest route is '${rule.name}'; it does not match.`];
  const others = lost.map(({ name }) => `'${name}'`).join(', ');
  const won = `The path belongs to '${rule.name}'`;
  if (others === '') return [`${won}; no other template matches it.`];
  return [`${won}: it is more specific than ${others}, which would match too.`];
}

function whatItTakes(facts: Facts): string[] {
  const { rule, nearest, agent, required, code, missing, ask } = facts;
  if (rule === undefined || nearest) return [];
  if (code === 'METHOD_NOT_ALLOWED') return [`Missing is the ${missing}.`];
  const takes = [
    required.length === 0 ? 'It takes no scope.' : `It takes ${required.join(' and ')}.`,
    ...ruleSentences(rule),
  ];
  if (agent === undefined) return takes;
  const held = agent.grants.written.join(', ');
  const holds = held === '' ? `${agent.name} holds nothing.` : `${agent.name} holds ${held}.`;
  return [...takes, holds, ...tokenSentences(ask.token), ...whatIsMissing(facts)];
}

function whatIsMissing({ code, missing, whose }: Facts): string[] {
  if (code === 'SCOPE_MISSING')
    return whose === undefined ? [`Missing: ${missing}.`] : [`${missing}.`];
  return /^(?:TOKEN|DELEGATION)_/.test(code) ? [`Missing: ${missing}.`] : [];
}

function wayOut(facts: Facts): string[] {
  const { code, change, meant, mode } = facts;
  if (code === 'OK') return [];
  if (mode === 'shadow' && FAILURES[code].softened)
    return ['The policy is only shadowed here: the denial is recorded and the call let through.'];
  const slip = meant === undefined ? [] : [`Did you mean the agent '${meant}'?`];
  if (change !== undefined) return [...slip, `To allow it: ${change.steps.join('; ')}.`];
  return [...slip, remedyOf(facts, FAILURES[code].remedy)];
}

function remedyOf({ code, agent, whose, missingScopes, ask }: Facts, general: string): string {
  if (code !== 'SCOPE_MISSING' || whose === undefined || whose === agent?.name) return general;
  const inToken = missingScopes.every((scope) => ask.token?.scopes.includes(scope) === true);
  return elsewhere(whose, inToken);
}
