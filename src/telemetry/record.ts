import {
  FAILURES,
  KILLED,
  type Call,
  type End,
  type Event,
  type FailureCode,
  type RefusedConnection,
  type Stage,
} from '../call/index.ts';
import type { SourcePosition } from '../lib/index.ts';
import { clip } from './printable.ts';
import { tokenFields, type TokenFields } from './token-fields.ts';

/**
 * One call as audit, terminal and `why` show it. The order of the fields is the order in the audit line; what is
 * undefined is left out there. What a caller chose is clipped, and nothing of it is a header value but its request ID.
 */
export interface CallRecord extends TokenFields {
  readonly time: string;
  readonly event: 'call' | 'begun';
  readonly id: string;
  readonly callerRequestId: string | undefined;
  readonly direction: 'inbound';
  readonly decision: 'allow' | 'deny' | 'shadow-deny';
  readonly code: FailureCode | 'OK';
  readonly stage: Stage | undefined;
  /** The rule that decided, as written; `agent NAME` where the agent's own entry did. */
  readonly rule: string | undefined;
  readonly ruleAt: string | undefined;
  /** True where no rule matched and the nearest one is named. */
  readonly nearest: true | undefined;
  readonly missing: string | undefined;
  /** Whose scope was missing, or who was refused, where a token was used: an agent's name, or as the issuer says it. */
  readonly whose: string | undefined;
  readonly detail: string | undefined;
  readonly policyDigest: string;
  readonly agent: string | undefined;
  readonly spiffeId: string;
  readonly certSerial: string;
  readonly certSha256: string;
  /** Of the work that goes on after it, what the agent calls that, and the ID of its grant. */
  readonly task: string | undefined;
  readonly taskGrant: string | undefined;
  readonly address: string;
  readonly method: string;
  readonly route: string | undefined;
  readonly path: string;
  readonly status: number | undefined;
  readonly bytesIn: number | undefined;
  readonly bytesOut: number | undefined;
  readonly durationMs: number | undefined;
  /** Until the call was handed on; undefined for one that never was. */
  readonly overheadMs: number | undefined;
  readonly how: End['how'] | undefined;
  readonly traceId: string | undefined;
}

/** A connection that never became a call. `claimedId` and `certSerial` are what it said, not what was verified. */
export interface ConnectionRecord {
  readonly time: string;
  readonly event: 'refused-connection';
  readonly id: string;
  readonly direction: 'inbound' | 'outbound';
  readonly decision: 'deny';
  readonly code: FailureCode;
  readonly stage: Stage;
  readonly detail: string | undefined;
  readonly claimedId: string | undefined;
  readonly certSerial: string | undefined;
  readonly address: string;
}

/** How a call ended that was answered or begun. */
export type Ended = Omit<Extract<Event, { kind: 'call' }>, 'kind' | 'call'>;

export const MAX_PATH = 2048;
const MAX_RAW = 256;
export const MAX_DETAIL = 512;
export const MAX_NAME = 128;

/** The code of an ending that no stage refused. */
export const CODE_OF_END: Readonly<Record<End['how'], FailureCode | 'OK'>> = {
  complete: 'OK',
  callerLeft: 'CALLER_LEFT',
  upstreamBroke: 'UPSTREAM_PROTOCOL',
  cut: 'CUT',
};

/** The record of a finished call, or with `ended` undefined of one that has only begun. */
export function callRecord(call: Readonly<Call>, ended: Ended | undefined): CallRecord {
  const { request, peer, decision, refusal } = call;
  const code = call.code === 'OK' && ended !== undefined ? CODE_OF_END[ended.end.how] : call.code;
  const rule = ruleOf(call);
  const denial = decision?.allowed === false ? decision : undefined;
  return {
    time: new Date(call.time).toISOString(),
    event: ended === undefined ? 'begun' : 'call',
    id: call.id,
    callerRequestId: clipped(request?.callerRequestId, MAX_NAME),
    direction: call.direction,
    decision: call.verdict,
    code,
    stage: code === 'OK' ? undefined : FAILURES[code].stage,
    rule: rule?.name,
    ruleAt: rule === undefined ? undefined : `${rule.at.file}:${rule.at.line}`,
    nearest: denial?.nearest === true && rule !== undefined ? true : undefined,
    missing: clipped(denial?.missing, MAX_DETAIL),
    whose: clipped(denial?.whose, MAX_DETAIL),
    detail: clipped(refusal?.detail, MAX_DETAIL),
    policyDigest: call.policy.digest,
    agent: call.agent?.name,
    spiffeId: peer.spiffeId.toString(),
    certSerial: peer.serial,
    certSha256: peer.sha256,
    ...tokenFields(call.authority),
    task: call.task?.name,
    taskGrant: call.task?.grant,
    address: peer.address,
    method: clip(call.method, MAX_NAME),
    route: call.route?.name,
    path: request === undefined ? rawPath(call.target) : clip(request.path, MAX_PATH),
    status: ended?.status,
    bytesIn: ended?.end.bytesIn,
    bytesOut: ended?.end.bytesOut,
    durationMs: ended === undefined ? undefined : rounded(ended.durationMs),
    overheadMs: call.forwardedAt === undefined ? undefined : rounded(call.forwardedAt - call.tick),
    how: ended?.end.how,
    traceId: request?.trace.traceId,
  };
}

export function connectionRecord(connection: RefusedConnection): ConnectionRecord {
  return {
    time: new Date(connection.time).toISOString(),
    event: 'refused-connection',
    id: connection.id,
    direction: connection.direction ?? 'inbound',
    decision: 'deny',
    code: connection.code,
    stage: FAILURES[connection.code].stage,
    detail: clipped(connection.detail, MAX_DETAIL),
    claimedId: clipped(connection.claimedId, MAX_PATH),
    certSerial: clipped(connection.serial, MAX_NAME),
    address: connection.address,
  };
}

/** The entry of the policy that decided, or that came nearest. */
export function ruleOf(call: Readonly<Call>): { name: string; at: SourcePosition } | undefined {
  const { agent, refusal } = call;
  const killed = refusal?.detail === KILLED;
  if (call.code === 'AGENT_DISABLED' && agent !== undefined && !killed)
    return { name: `agent ${agent.name}`, at: agent.at };
  return call.decision?.rule ?? call.route;
}

/** Of a target that was never understood: without its query, and without a password before an `@`. */
export function rawPath(target: string): string {
  const query = target.indexOf('?');
  const path = clip(query === -1 ? target : target.slice(0, query), MAX_RAW);
  return path.replace(/^([a-z][a-z0-9+.-]*:)?\/\/[^/]*@/i, '$1//');
}

export function clipped(text: string | undefined, max: number): string | undefined {
  return text === undefined || text === '' ? undefined : clip(text, max);
}

export function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 1000) / 1000;
}
