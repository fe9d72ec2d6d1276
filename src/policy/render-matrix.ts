import { renderDuration } from '../lib/index.ts';
import type { Matrix, MatrixCell } from './matrix.ts';

const KEY = '✓ allowed   · a scope is missing   × the agent is disabled';
const NEEDS = {
  token: { mark: 't', key: 't with a token' },
  subject: { mark: 's', key: "s with a token, on somebody's behalf" },
} as const;

/** A table that is never wider than `width` unless one column alone is: names as heads, or else numbers and a legend. */
export function renderMatrix(matrix: Matrix, width = 100): string {
  const names = matrix.routes.map(({ name }) => name);
  const first = Math.max(0, ...matrix.rows.map(({ agent }) => agent.name.length));
  if (tableWidth(first, names) <= width)
    return [
      ...table(matrix, { heads: names, from: 0 }),
      '',
      keyOf(matrix),
      ...tasksOf(matrix),
    ].join('\n');
  const numbers = names.map((_, index) => String(index + 1));
  const legend = names.map((name, index) => `${String(index + 1).padStart(4)}  ${name}`);
  const below = [...legend, '', keyOf(matrix), ...tasksOf(matrix)];
  return [...blocks(matrix, { numbers, first, width }), ...below].join('\n');
}

/** Routes whose calls may start what goes on after them. */
function tasksOf({ routes }: Matrix): string[] {
  return routes
    .filter(({ tokenRule }) => tokenRule.tasks > 0)
    .map(({ name, tokenRule }) => `${name} may start tasks of ${renderDuration(tokenRule.tasks)}`);
}

/** What the marks mean; of those about tokens, only the ones that are there. */
function keyOf({ rows }: Matrix): string {
  const needs = new Set(rows.flatMap(({ cells }) => cells.map((cell) => cell.needs)));
  const keys = (['token', 'subject'] as const).filter((one) => needs.has(one));
  return [KEY, ...(keys.length === 0 ? [] : [keys.map((one) => NEEDS[one].key).join('   ')])].join(
    '\n',
  );
}

function tableWidth(first: number, heads: readonly string[]): number {
  return heads.reduce((sum, head) => sum + head.length + 3, first + 4);
}

/** As many columns as fit, then the next ones below. */
function blocks(
  matrix: Matrix,
  { numbers, first, width }: { numbers: readonly string[]; first: number; width: number },
): string[] {
  const lines: string[] = [];
  for (let from = 0; from < numbers.length;) {
    let to = from + 1;
    while (to < numbers.length && tableWidth(first, numbers.slice(from, to + 1)) <= width) to += 1;
    lines.push(...table(matrix, { heads: numbers.slice(from, to), from }), '');
    from = to;
  }
  return lines;
}

/** The columns `from`, `from + 1`, ... under the given heads. */
function table(matrix: Matrix, columns: { heads: readonly string[]; from: number }): string[] {
  const { heads, from } = columns;
  const rows = matrix.rows.map(({ agent, cells }) => [
    agent.name,
    ...cells.slice(from, from + heads.length).map(mark),
  ]);
  const all = [['', ...heads], ...rows];
  const widths = ['', ...heads].map((_, column) =>
    Math.max(...all.map((row) => row[column]?.length ?? 0)),
  );
  const rule = (left: string, middle: string, right: string) =>
    left + widths.map((one) => '─'.repeat(one + 2)).join(middle) + right;
  const line = (row: readonly string[]) =>
    `│${row.map((text, column) => cell(text, column, widths[column] ?? 0)).join('│')}│`;
  return [
    rule('┌', '┬', '┐'),
    line(all[0] ?? []),
    rule('├', '┼', '┤'),
    ...rows.map(line),
    rule('└', '┴', '┘'),
  ];
}

/** Names to the left, marks in the middle. */
function cell(text: string, column: number, width: number): string {
  if (column === 0) return ` ${text.padEnd(width)} `;
  const left = Math.floor((width - text.length) / 2);
  return ` ${text.padStart(left + text.length).padEnd(width)} `;
}

function mark({ code, needs }: MatrixCell): string {
  if (code === 'OK') return '✓';
  if (needs !== undefined) return NEEDS[needs].mark;
  return code === 'AGENT_DISABLED' ? '×' : '·';
}
