import { renderCaret } from '../lib/index.ts';
import { printable } from '../telemetry/index.ts';
import type { Gate, WhyReport } from './why-report.ts';

const MARKS = { passed: '✓', failed: '✗', 'not reached': '·' } as const;
const VERDICTS = { allow: '✓', deny: '✗', 'shadow-deny': '~' } as const;
const GATE_WIDTH = 'authentication'.length;
const MAX_LINE = 500;

/** A report for a terminal. What callers chose in it is made harmless. No line break at the end. */
export function renderWhy(report: WhyReport): string {
  return [
    headline(report),
    drawGates(report.gates),
    sentences(report),
    rule(report),
    change(report),
    told(report),
  ]
    .filter((block) => block !== undefined)
    .join('\n\n');
}

function headline(report: WhyReport): string {
  const { verdict, status, code, agent, spiffeId, claimedId, peer, method, path } = report;
  const claim = claimedId === undefined ? 'unknown caller' : `claims ${claimedId}`;
  const what = status === undefined ? code : `${status} ${code}`;
  const to = peer === undefined ? '' : `→ ${peer}`;
  const fields = [agent ?? spiffeId ?? claim, to, [method, path].filter(isThere).join(' ')];
  const shown = fields.filter((field) => field !== '').map((field) => harmless(field));
  const head = [
    `${markOf(report)} ${verdict === 'allow' ? what.replace(/ OK$/, '') : what}`,
    ...shown,
  ];
  return `${head.join('  ')}\n  ${report.id}  ${harmless(report.time)}  from ${harmless(report.address)}`;
}

/** Allowed, and then it did not end well. */
function markOf({ verdict, code }: WhyReport): string {
  return verdict === 'allow' && code !== 'OK' ? '!' : VERDICTS[verdict];
}

function drawGates(gates: readonly Gate[]): string {
  return gates
    .map(({ gate, result, detail }) =>
      `  ${MARKS[result]} ${gate.padEnd(GATE_WIDTH)}  ${harmless(detail)}`.trimEnd(),
    )
    .join('\n  │\n');
}

function sentences(report: WhyReport): string {
  const { operator, detail, gates, remedy, change, policyChanged } = report;
  const told = gates.some((gate) => gate.detail === detail);
  return [
    operator,
    ...taskOf(report),
    ...(detail === undefined || told ? [] : [detail]),
    // Where the change is known, the general remedy says less.
    ...(change === undefined && remedy !== undefined ? [remedy] : []),
    ...(policyChanged ? ['The policy has been changed since this call.'] : []),
  ]
    .map((sentence) => `  ${harmless(sentence)}`)
    .join('\n');
}

function taskOf({ task, taskGrant }: WhyReport): string[] {
  if (taskGrant === undefined) return [];
  if (task === undefined) return [`It belongs to work that outlives its call: ${taskGrant}.`];
  return [`The agent's work goes on after it as '${task}': ${taskGrant}.`];
}

function rule({ rule }: WhyReport): string | undefined {
  if (rule === undefined) return undefined;
  const { name, file, line, column, nearest } = rule;
  const text = harmless(rule.text.replaceAll('\t', ' '));
  const which = nearest ? `the nearest rule, which does not match: ${name}` : name;
  const place = `  ${harmless(file)}:${line}:${column}  ${harmless(which)}`;
  return `${place}\n${renderCaret({ file, line, column, text })}`;
}

function change({ change }: WhyReport): string | undefined {
  if (change === undefined) return undefined;
  const file = harmless(change.file);
  const edits = change.edits.flatMap(({ line, before, after }) => [
    before === undefined ? `    ${file}, below line ${line}` : `    ${file}:${line}`,
    ...(before === undefined ? [] : [`    - ${harmless(before)}`]),
    `    + ${harmless(after)}`,
  ]);
  return [
    `  The smallest change that allows it: ${harmless(change.steps.join('; '))}`,
    ...edits,
  ].join('\n');
}

function told({ callerTold }: WhyReport): string | undefined {
  return callerTold === undefined ? undefined : `  The caller was told: ${harmless(callerTold)}`;
}

function harmless(text: string): string {
  return printable(text, MAX_LINE);
}

function isThere(text: string | undefined): text is string {
  return text !== undefined;
}
