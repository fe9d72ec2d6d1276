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
import type { OutboundRecord } from './outbound-record.ts';
import { printable } from './printable.ts';

/** One line about a call to a peer, for eyes: the arrow tells it from one that came in. */
export function renderOutbound(record: OutboundRecord, style: TerminalStyle): string {
  const { event, decision, code } = record;
  // What no peer is called for and is allowed, the sidecar does itself.
  const nobody = decision === 'allow' ? 'sidegate' : 'nobody';
  const about = [`→ ${printable(record.peer ?? nobody)}`, requestOf(record), forWhom(record)];
  if (event === 'begun') return fields('…', ...about, paint('still open', 'dim', style));
  const time = paint(took(record), 'dim', style);
  if (code === 'OK')
    return fields(paint(`✓ ${record.status ?? ''}`, 'green', style), ...about, time);
  const detail = printable(record.detail ?? '');
  const more = hint(record.id, style);
  if (decision === 'deny') {
    const head = paint(`✗ ${statusOf(record)}${code}`, 'red', style);
    return fields(head, ...about, detail, placeOf(record), more);
  }
  const colour = FAILURES[code].blame === 'caller' ? 'yellow' : 'red';
  const head = paint(`! ${statusOf(record)}${code}`, colour, style);
  return fields(head, ...about, detail, time, more);
}

function requestOf({ method, path }: OutboundRecord): string {
  return `${printable(method, 20)} ${printable(path, MAX_SHOWN_PATH)}`;
}

/** With whose authority it goes. */
function forWhom({ authority, subject }: OutboundRecord): string {
  if (authority === 'own') return 'as itself';
  return authority === 'delegated' ? `for ${printable(subject?.sub ?? '')}` : '';
}
