import { basename } from 'node:path';
import { printable } from './printable.ts';
import type { CallRecord } from './record.ts';

export interface TerminalStyle {
  readonly colours: boolean;
  /** False where `sidegate why` would not know the call any more. */
  readonly hints?: boolean;
}

type Colour = 'green' | 'red' | 'yellow' | 'dim';

const SGR: Readonly<Record<Colour, string>> = { green: '32', red: '31', yellow: '33', dim: '2' };

const SHORT_ID = 6;

export const MAX_SHOWN_PATH = 120;

/** The part of an ID that people type. */
export function shortId(id: string): string {
  return id.slice(0, SHORT_ID);
}

/** The file and line of the rule, without its folder. */
export function placeOf(record: Pick<CallRecord, 'ruleAt'>): string {
  return record.ruleAt === undefined ? '' : printable(basename(record.ruleAt));
}

export function statusOf(record: Pick<CallRecord, 'status'>): string {
  return record.status === undefined || record.status === 0 ? '' : `${record.status} `;
}

export function took(record: Pick<CallRecord, 'durationMs'>): string {
  const milliseconds = record.durationMs ?? 0;
  return milliseconds < 1000
    ? `${milliseconds.toFixed(1)} ms`
    : `${(milliseconds / 1000).toFixed(1)} s`;
}

export function hint(id: string, style: TerminalStyle): string {
  if (style.hints === false) return '';
  return paint(`→ sidegate why ${shortId(id)}`, 'dim', style);
}

/** With what is empty left out. */
export function fields(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join('  ');
}

export function paint(text: string, colour: Colour, style: TerminalStyle): string {
  return style.colours ? `\u001b[${SGR[colour]}m${text}\u001b[0m` : text;
}
