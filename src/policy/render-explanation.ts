import { FAILURES } from '../call/index.ts';
import { renderCaret } from '../lib/index.ts';
import type { LineEdit } from './draft.ts';
import type { Explanation } from './explanation.ts';

/** An explanation for a terminal: the sentences, the rule with its line, the change as a difference of lines. */
export function renderExplanation(explanation: Explanation): string {
  const { sentences, change } = explanation;
  const place = renderPlace(explanation);
  return [
    headline(explanation),
    ...sentences.slice(1).map((sentence) => `  ${sentence}`),
    ...(place === undefined ? [] : ['', place]),
    ...(change === undefined ? [] : ['', ...change.edits.flatMap(renderEdit(explanation))]),
  ].join('\n');
}

function headline({ code, sentences }: Explanation): string {
  const sentence = sentences[0] ?? '';
  if (code === 'OK') return `✓ allow  ${sentence}`;
  return `✗ ${FAILURES[code].status} ${code}  ${sentence}`;
}

function renderPlace({ at, code, nearest }: Explanation): string | undefined {
  if (at === undefined) return undefined;
  const what =
    code === 'AGENT_DISABLED' ? 'the agent' : nearest ? 'the nearest route' : 'the route';
  return `  ${at.file}:${at.line}:${at.column}  (${what})\n${renderCaret(at)}`;
}

function renderEdit({ file }: Explanation): (edit: LineEdit) => string[] {
  return ({ line, before, after }) =>
    before === undefined
      ? [`  ${file}, below line ${line}`, `  + ${after}`]
      : [`  ${file}:${line}`, `  - ${before}`, `  + ${after}`];
}
