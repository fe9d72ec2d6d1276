import { harmless } from '../../harmless.ts';
import { plural } from '../../when.ts';
import type { Paint } from '../draw.ts';
import { serialsOf } from './acts.ts';
import { nameIn, type Line } from './lines.ts';
import { HOPS, type Hop } from './names.ts';
import type { PlayedAct, PlayedActs } from './play.ts';

/** Where what a hop says begins; with it the lines have at most 80 characters. */
const LEFT = 22;
const WIDTH = 80;

export function drawActsHead(paint: Paint): string {
  return [
    'Three sidecars and a token service, on real connections:',
    '',
    `  alice's token        ${paint('the token service', 'bold')} gives each hop a token for the next:`,
    '       │                 never more than everybody in the chain may do',
    '    portal ──▶ ▣ planner ──▶ ▣ billing ──▶ ▣ ledger',
    '',
    paint('planner and billing may refund by themselves; alice may only read.', 'dim'),
    paint('Everything below is drawn from the audits of all four.', 'dim'),
    '',
  ].join('\n');
}

/** The chain of hops from the top down, with what each was allowed, and where it ended. */
export function drawAct(
  { number, title, endings, lines, faults }: PlayedAct,
  paint: Paint,
): string {
  const hops = endings.length === 1 ? drawHops(lines, paint) : drawMany(lines);
  const [first] = endings;
  const ended = `${first?.status ?? 0} ${harmless(first?.code ?? 'no answer')}`;
  const good = first?.code === 'OK';
  const times = endings.length === 1 ? '' : `${plural(endings.length, 'call')}, each `;
  return [
    '',
    paint(`${String(number).padStart(2)} ${title}`, 'bold'),
    ...hops,
    `   ${paint(good ? '●' : '■', good ? 'green' : 'red')} ${times}${ended}`,
    ...faults.map((fault) => paint(`   ! ${harmless(fault)}`, 'yellow')),
    '',
  ].join('\n');
}

/** By the way of a call, not by the clock: one hop's way in, what it asked for, its way out. */
function drawHops(lines: readonly Line[], paint: Paint): string[] {
  const drawn = HOPS.flatMap((hop) => [
    ...lines.filter(({ by, direction }) => by === hop && direction === 'inbound'),
    ...lines.filter((line) => line.by === hop && endsTask(line)),
    ...lines.filter(({ by, agent }) => by === 'sts' && agent === hop),
    ...lines.filter((line) => line.by === hop && isRefusedOut(line)),
  ]);
  // Whoever is none of the hops stands alone.
  const others = lines.filter((line) => !drawn.includes(line) && line.by === 'sts');
  return [...drawn, ...others].map((line) => drawLine(line, paint));
}

/** One that was let out is drawn where it comes in. */
function isRefusedOut({ direction, decision }: Line): boolean {
  return direction === 'outbound' && decision === 'deny';
}

/** What is carried out by the sidecar itself comes in nowhere. */
function endsTask({ direction, decision, peer }: Line): boolean {
  return direction === 'outbound' && decision === 'allow' && peer === undefined;
}

function drawLine(line: Line, paint: Paint): string {
  const ok = line.decision === 'allow';
  const mark = paint(ok ? '✓' : '✗', ok ? 'green' : 'red');
  const arrow = line.direction === 'inbound' ? '▼' : '│';
  const where = line.by === 'sts' ? 'token service' : line.by;
  const rest = saidBy(line);
  const [first = '', ...more] = wrapped(harmless(rest), WIDTH - LEFT);
  return [
    `   ${paint(arrow, 'dim')} ${mark} ${where.padEnd(LEFT - 7)}${first}`,
    ...more.map((text) => `   ${paint('│', 'dim')}${' '.repeat(LEFT - 4)}${text}`),
  ].join('\n');
}

/** Broken between words. */
function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && `${last} ${word}`.length <= width)
      lines.splice(-1, 1, `${last} ${word}`);
    else lines.push(word);
  }
  return lines;
}

function saidBy(line: Line): string {
  if (line.by === 'sts') return tokenSaid(line);
  const { decision, code, missing, method = '', path = '' } = line;
  const out = line.direction === 'outbound' ? `way out to ${line.peer ?? 'nobody'}: ` : '';
  if (decision !== 'allow') return `${out}${code} ${missing ?? ''}`.trim();
  if (endsTask(line)) return `way out: ${method} ${path}`;
  const goesOn = line.task === undefined ? '' : `; ${line.task} goes on after it`;
  const scopes = line.tokenScopes?.join(' ') ?? 'no token';
  return `${method} ${path} for ${forWhom(line)}: ${scopes}${goesOn}`;
}

function tokenSaid(line: Line): string {
  const { decision, code, agent = '?', audience = '?', given = '', grant, tokenId } = line;
  const to = `${agent}, for ${nameIn(audience)}`;
  if (decision !== 'allow') return `refuses ${to}: ${code}`;
  if (grant === 'task-end') return `takes back the task grant of ${agent}`;
  return `gives ${tokenId === undefined ? 'a task grant to ' : ''}${to}: ${given}`;
}

/** `alice, by planner, portal`. */
function forWhom({ subject, chain = [], agent = '?' }: Line): string {
  const name = subject === undefined ? agent : nameIn(subject);
  return chain.length === 0
    ? `${name}, by ${agent}`
    : `${name}, by ${chain.map(nameIn).join(', ')}`;
}

function drawMany(lines: readonly Line[]): string[] {
  const arrived = (hop: Hop) =>
    lines.filter((line) => line.by === hop && line.direction === 'inbound').length;
  const serials = serialsOf(lines).map(([serial, count]) => `${serial.slice(0, 8)}… in ${count}`);
  return [
    `   │ arrived: ${HOPS.map((hop) => `${hop} ${arrived(hop)}`).join(', ')}`,
    `   │ planner's certificate at billing: ${serials.join(', then ')}`,
  ];
}

export function drawActsSummary({ acts, ok }: PlayedActs, paint: Paint): string {
  const right = acts.filter(({ faults }) => faults.length === 0).length;
  const text = `${right} of ${acts.length} ended as they should`;
  const next = ok
    ? 'Nothing is left of it. Next: docs/acting-for-somebody.md'
    : 'This is a defect: please report it, with what `sidegate demo delegation --json` prints.';
  return ['', paint(text, ok ? 'green' : 'yellow'), '', next, ''].join('\n');
}
