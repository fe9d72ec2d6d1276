import { harmless } from '../harmless.ts';
import { plural } from '../when.ts';
import { valuesOf } from './agent.ts';
import { showEnding } from './judge.ts';
import type { Played, PlayedCall, PlayedRow } from './play.ts';

type Colour = 'green' | 'red' | 'yellow' | 'dim' | 'bold';
export type Paint = (text: string, colour: Colour) => string;

const SGR: Readonly<Record<Colour, string>> = {
  green: '32',
  red: '31',
  yellow: '33',
  dim: '2',
  bold: '1',
};

export const plain: Paint = (text) => text;
export const coloured: Paint = (text, colour) => `\u001b[${SGR[colour]}m${text}\u001b[0m`;

/** Where the drawing of the gates begins; with it the lines have at most 80 characters. */
const LEFT = 36;

/** The middle of each gate below its name; what lies between two of them is no gate of its own, but can stop a call. */
const COLUMNS = {
  identity: 3,
  authentication: 15,
  request: 23,
  authorization: 31,
  upstream: 37,
} as const;
const AGENT = 41;
const BETWEEN = new Set<string>(['request', 'upstream']);

export function drawHead(policy: string, port: number, paint: Paint): string {
  const rules = policy.slice(policy.indexOf('agents:')).trimEnd().split('\n');
  const gates = 'identity authentication  authorization agent';
  const questions = 'who?     prove it        may you?';
  return [
    `A real sidecar on 127.0.0.1:${port}, a small agent behind it, and this policy:`,
    '',
    ...rules.map((rule) => paint(`    ${rule}`, 'dim')),
    '',
    paint(' '.repeat(LEFT) + gates, 'bold'),
    paint(' '.repeat(LEFT) + questions, 'dim'),
    '',
  ].join('\n');
}

/** What was called on the left, how far it came and where it ended on the right. */
export function drawRow({ number, title, calls }: PlayedRow, paint: Paint): string {
  const lines = calls.flatMap((call, index) => {
    const { who, method, path, then = '' } = call.attempt;
    const name = index === 0 ? `${String(number).padStart(2)} ${title}` : `   ${then}`;
    return [
      line(name, drawGates(call, paint)),
      line(`   ${who} ${method} ${path}`, endingText(call, paint)),
      ...drawClaim(call, paint),
      ...drawForged(call),
      ...call.faults.map((fault) => paint(`   ! ${harmless(fault)}`, 'yellow')),
    ];
  });
  return `\n${lines.join('\n')}\n`;
}

function line(left: string, right: string): string {
  return `${left.padEnd(LEFT)}${right}`.trimEnd();
}

function drawGates({ gates, received }: PlayedCall, paint: Paint): string {
  let text = '';
  let at = 0;
  const goTo = (column: number, mark: string): void => {
    text += `${paint('─'.repeat(column - 1 - at), 'dim')} ${mark} `;
    at = column + 2;
  };
  for (const { gate, result } of gates) {
    if (result === 'passed') goTo(COLUMNS[gate], paint('✓', 'green'));
    if (result === 'failed') {
      goTo(COLUMNS[gate], paint('✗', 'red'));
      if (BETWEEN.has(gate)) text += paint(gate, 'dim');
    }
  }
  // Drawn from the agent's own book, not from the gates: were it reached through a closed one, this would show it.
  if (received.length > 0) text += `${paint('─'.repeat(Math.max(AGENT - at, 1)), 'dim')}▶`;
  return text;
}

function endingText({ ended, received }: PlayedCall, paint: Paint): string {
  if (ended === undefined) return paint('no answer', 'red');
  const text = harmless(showEnding(ended));
  const [request] = received;
  const told = request && `, the agent is told ${namesIn(valuesOf(request, 'x-sidegate-agent'))}`;
  return paint(text, ended.code === 'OK' ? 'green' : 'red') + (told ?? '');
}

/** An ID that was shown and never proven: the first gate only asks for one. */
function drawClaim({ audit }: PlayedCall, paint: Paint): string[] {
  const [line] = audit;
  if (line?.claimedId === undefined) return [];
  return [paint(`${' '.repeat(LEFT)}claimed ${harmless(line.claimedId)}`, 'dim')];
}

/** For each forged field: what was sent, and what stood there when the agent read it. */
function drawForged({ attempt, received }: PlayedCall): string[] {
  const [request] = received;
  if (request === undefined) return [];
  return Object.entries(attempt.headers ?? {}).map(([name, value]) =>
    line(`   ${name}`, `sent ${namesIn([value])}, arrived ${namesIn(valuesOf(request, name))}`),
  );
}

/** Of a SPIFFE ID at the end of a value, the agent's name. */
function namesIn(values: readonly string[]): string {
  const names = values.map((value) => /spiffe:\/\/[^;]*\/([^/;]+)$/.exec(value)?.[1] ?? value);
  return names.length === 0 ? 'nobody' : harmless(names.join(' and '));
}

export function drawSummary({ rows, faults, ok }: Played, paint: Paint): string {
  const wrong = rows.filter((row) => !row.ok).map((row) => row.number);
  const right = `${rows.length - wrong.length} of ${rows.length} ended where they should`;
  const calls = rows.flatMap((row) => row.calls);
  const sum = (count: (call: PlayedCall) => number) =>
    calls.reduce((before, call) => before + count(call), 0);
  const reached = sum(({ received }) => received.length);
  const lines = sum(({ audit }) => audit.length);
  return [
    '',
    paint(
      wrong.length === 0 ? right : `${right}; otherwise: ${wrong.join(', ')}`,
      ok ? 'green' : 'yellow',
    ),
    paint(
      `${plural(calls.length, 'call')}, ${plural(lines, 'audit line')}, ${reached} reached the agent`,
      'dim',
    ),
    ...faults.map((fault) => paint(`! ${fault}`, 'yellow')),
    '',
    ...(ok ? NEXT : DEFECT),
    '',
  ].join('\n');
}

const NEXT = [
  'Nothing is left of it. Next, in front of your own agent:',
  '  sidegate init NAME --upstream http://127.0.0.1:3000',
  '  sidegate run',
];

const DEFECT = ['This is a defect: please report it, with what `sidegate demo --json` prints.'];
