import { basename } from 'node:path';
import { FAILURES } from '../call/index.ts';
import { printable } from './printable.ts';
import type { RecentEntry } from './recent.ts';
import type { CallRecord, ConnectionRecord } from './record.ts';

export interface TerminalStyle {
  readonly colours: boolean;
  /** False where `sidegate why` would not know the call any more. */
  readonly hints?: boolean;
}

type Colour = 'green' | 'red' | 'yellow' | 'dim';

const SGR: Readonly<Record<Colour, string>> = { green: '32', red: '31', yellow: '33', dim: '2' };
const SHORT_ID = 6;
const MAX_PATH = 120;

/** The part of an ID that people type. */
export function shortId(id: string): string {
  return id.slice(0, SHORT_ID);
}

/** One line about a call or a refused connection, for eyes; no line break. Nothing in it can steer the terminal. */
export function renderEntry(entry: RecentEntry, style: TerminalStyle): string {
  const { record } = entry;
  if (record.event === 'refused-connection') return renderConnection(record, style);
  if (record.event === 'begun') return renderBegun(record, style);
  if (record.decision === 'shadow-deny') return renderShadow(entry, record, style);
  if (record.decision === 'deny') return renderDenial(entry, record, style);
  return record.code === 'OK' ? renderAllowed(record, style) : renderBroken(record, style);
}

function renderAllowed(record: CallRecord, style: TerminalStyle): string {
  const head = paint(`✓ ${record.status ?? ''}`, 'green', style);
  return fields(head, agentOf(record), requestOf(record), paint(took(record), 'dim', style));
}

function renderDenial(entry: RecentEntry, record: CallRecord, style: TerminalStyle): string {
  const head = paint(`✗ ${statusOf(record)}${record.code}`, 'red', style);
  const why = reasonOf(entry, record);
  const at = placeOf(record);
  return fields(head, agentOf(record), requestOf(record), why, at, hint(record.id, style));
}

function renderShadow(entry: RecentEntry, record: CallRecord, style: TerminalStyle): string {
  const head = paint(`~ ${statusOf(record)}${record.code}`, 'yellow', style);
  const why = fields('would be denied', reasonOf(entry, record));
  const at = placeOf(record);
  return fields(head, agentOf(record), requestOf(record), why, at, hint(record.id, style));
}

/** Allowed, and then it did not end well: behind us, at the caller's, or because we were ending. */
function renderBroken(record: CallRecord, style: TerminalStyle): string {
  const peer = record.code !== 'OK' && FAILURES[record.code].blame !== 'caller';
  const head = paint(`! ${statusOf(record)}${record.code}`, peer ? 'red' : 'yellow', style);
  const detail = printable(record.detail ?? '');
  const time = paint(took(record), 'dim', style);
  return fields(head, agentOf(record), requestOf(record), detail, time, hint(record.id, style));
}

function renderBegun(record: CallRecord, style: TerminalStyle): string {
  return fields('…', agentOf(record), requestOf(record), paint('still open', 'dim', style));
}

function renderConnection(record: ConnectionRecord, style: TerminalStyle): string {
  const head = paint(`✗ ${record.code}`, 'red', style);
  const claim = record.claimedId;
  const who = claim === undefined ? '' : `claims '${printable(claim, MAX_PATH)}' (not verified)`;
  const from = `from ${printable(record.address)}`;
  return fields(head, who, from, printable(record.detail ?? ''), hint(record.id, style));
}

function reasonOf({ missingScopes }: RecentEntry, record: CallRecord): string {
  if (missingScopes.length > 0) return `needs ${printable(missingScopes.join(' '))}`;
  return printable(record.missing ?? record.detail ?? '');
}

/** Who called; of a caller that is no agent of the policy, the verified ID. */
function agentOf(record: CallRecord): string {
  return printable(record.agent ?? record.spiffeId);
}

function requestOf(record: CallRecord): string {
  return `${printable(record.method, 20)} ${printable(record.path, MAX_PATH)}`;
}

function placeOf(record: CallRecord): string {
  return record.ruleAt === undefined ? '' : printable(basename(record.ruleAt));
}

function statusOf(record: CallRecord): string {
  return record.status === undefined || record.status === 0 ? '' : `${record.status} `;
}

function took(record: CallRecord): string {
  const milliseconds = record.durationMs ?? 0;
  return milliseconds < 1000
    ? `${milliseconds.toFixed(1)} ms`
    : `${(milliseconds / 1000).toFixed(1)} s`;
}

function hint(id: string, style: TerminalStyle): string {
  if (style.hints === false) return '';
  return paint(`→ sidegate why ${shortId(id)}`, 'dim', style);
}

function fields(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join('  ');
}

function paint(text: string, colour: Colour, style: TerminalStyle): string {
  return style.colours ? `\u001b[${SGR[colour]}m${text}\u001b[0m` : text;
}
