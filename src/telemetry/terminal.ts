import { FAILURES } from '../call/index.ts';
import {
  MAX_SHOWN_PATH,
  fields,
  hint,
  paint,
  placeOf,
  statusOf,
  took,
  type TerminalStyle,
} from './line-parts.ts';
import { renderOutbound } from './outbound-line.ts';
import { printable } from './printable.ts';
import type { RecentEntry } from './recent.ts';
import type { CallRecord, ConnectionRecord } from './record.ts';

const MAX_SUBJECT = 60;

/** One line about a call or a refused connection, for eyes; no line break. Nothing in it can steer the terminal. */
export function renderEntry(entry: RecentEntry, style: TerminalStyle): string {
  const { record } = entry;
  if (record.event === 'refused-connection') return renderConnection(record, style);
  if (record.direction === 'outbound') return renderOutbound(record, style);
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
  const who =
    claim === undefined ? '' : `claims '${printable(claim, MAX_SHOWN_PATH)}' (not verified)`;
  const from = `from ${printable(record.address)}`;
  return fields(head, who, from, printable(record.detail ?? ''), hint(record.id, style));
}

function reasonOf({ missingScopes }: RecentEntry, record: CallRecord): string {
  if (missingScopes.length > 0) return `needs ${printable(missingScopes.join(' '))}`;
  return printable(record.missing ?? record.detail ?? '');
}

/** Who called, and for whom; of a caller that is no agent of the policy, the verified ID. */
function agentOf({ agent, spiffeId, onBehalf, subject }: CallRecord): string {
  const name = printable(agent ?? spiffeId);
  return onBehalf === true ? `${name} for ${printable(subject?.sub ?? '', MAX_SUBJECT)}` : name;
}

function requestOf(record: CallRecord): string {
  return `${printable(record.method, 20)} ${printable(record.path, MAX_SHOWN_PATH)}`;
}
