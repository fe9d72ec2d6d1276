import { FAILURES } from '../call/index.ts';
import { readObject } from './linked-line.ts';
import type { CallRecord, ConnectionRecord } from './record.ts';
import { readLines } from './verify/index.ts';

/** What is asked for; what is undefined is not asked. */
export interface AuditFilter {
  /** The name in the policy, or the whole SPIFFE ID. */
  readonly agent?: string | undefined;
  readonly code?: string | undefined;
  readonly decision?: string | undefined;
  /** Milliseconds since the epoch, when the call began: from (inclusive) until (exclusive). */
  readonly since?: number | undefined;
  readonly until?: number | undefined;
  readonly trace?: string | undefined;
  /** The ID or its beginning. */
  readonly id?: string | undefined;
}

/** A line that matches, or one that cannot be read. */
export type AuditMatch =
  | { readonly ok: true; readonly line: number; readonly record: CallRecord | ConnectionRecord }
  | { readonly ok: false; readonly line: number; readonly why: string };

type Fields = Readonly<Record<string, unknown>>;

/** Heads and what else the audit writes about itself. */
const ABOUT_ITSELF: ReadonlySet<unknown> = new Set(['head', 'resumed', 'dropped']);

const TEXTS: Readonly<Record<string, readonly string[]>> = {
  call: ['time', 'id', 'code', 'decision', 'spiffeId', 'method', 'path'],
  begun: ['time', 'id', 'code', 'decision', 'spiffeId', 'method', 'path'],
  'refused-connection': ['time', 'id', 'code', 'decision', 'address'],
};
const OPTIONAL_TEXTS = ['agent', 'missing', 'detail', 'ruleAt', 'claimedId', 'traceId', 'issuer'];
const OPTIONAL_NUMBERS = ['status', 'durationMs'];

/**
 * The calls and refused connections of an audit file that match, in its order, in little memory.
 *
 * @throws OperatorFault if the file cannot be read
 */
export async function* queryAudit(file: string, filter: AuditFilter): AsyncGenerator<AuditMatch> {
  for await (const lines of readLines(file))
    for (const { bytes, number, ended } of lines) {
      const fields = readObject(bytes);
      // The sidecar may be writing it right now.
      if (fields === undefined && !ended) continue;
      if (fields !== undefined && ABOUT_ITSELF.has(fields.event)) continue;
      const why = fields === undefined ? 'it is no JSON object' : faultOf(fields);
      if (why !== undefined) yield { ok: false, line: number, why };
      else if (fields !== undefined && matches(fields, filter))
        yield { ok: true, line: number, record: fields as unknown as CallRecord };
    }
}

/** Why it cannot be shown; undefined for a line as the audit writes them. */
function faultOf(fields: Fields): string | undefined {
  const texts = Object.hasOwn(TEXTS, String(fields.event))
    ? TEXTS[String(fields.event)]
    : undefined;
  if (texts === undefined) return 'it has no event that this version knows';
  const missing = texts.find((name) => typeof fields[name] !== 'string');
  if (missing !== undefined) return `its '${missing}' is no text`;
  const wrong =
    OPTIONAL_TEXTS.find((name) => !['string', 'undefined'].includes(typeof fields[name])) ??
    OPTIONAL_NUMBERS.find((name) => !['number', 'undefined'].includes(typeof fields[name]));
  if (wrong !== undefined) return `its '${wrong}' is of the wrong kind`;
  const known = fields.code === 'OK' || Object.hasOwn(FAILURES, String(fields.code));
  return known ? undefined : 'it has a code that this version does not know';
}

function matches(fields: Fields, filter: AuditFilter): boolean {
  const { agent, code, decision, since, until, trace, id } = filter;
  const at = since === undefined && until === undefined ? 0 : Date.parse(String(fields.time));
  return (
    (agent === undefined || [fields.agent, fields.spiffeId, fields.claimedId].includes(agent)) &&
    (code === undefined || fields.code === code) &&
    (decision === undefined || fields.decision === decision) &&
    (since === undefined || at >= since) &&
    (until === undefined || at < until) &&
    (trace === undefined || fields.traceId === trace) &&
    (id === undefined || String(fields.id).startsWith(id))
  );
}
