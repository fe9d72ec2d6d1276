import {
  FAILURES,
  type End,
  type Event,
  type FailureCode,
  type OutboundCall,
  type PeerAuthority,
  type Stage,
} from '../call/index.ts';
import { clip } from './printable.ts';
import {
  CODE_OF_END,
  MAX_DETAIL,
  MAX_NAME,
  MAX_PATH,
  clipped,
  rawPath,
  rounded,
  type CallRecord,
} from './record.ts';
import { tokenFields, type TokenFields } from './token-fields.ts';

type SharedField = 'callerRequestId' | 'agent' | 'spiffeId' | 'certSerial' | 'certSha256';

/**
 * One call of our agent to a peer, as audit, terminal and `why` show it. `agent`, `spiffeId` and the certificate are our
 * own; the token's fields are of the inbound call because of which it was made.
 */
export interface OutboundRecord extends Pick<CallRecord, SharedField>, TokenFields {
  readonly time: string;
  readonly event: 'call' | 'begun';
  readonly id: string;
  readonly direction: 'outbound';
  readonly decision: 'allow' | 'deny';
  readonly code: FailureCode | 'OK';
  readonly stage: Stage | undefined;
  readonly rule: string | undefined;
  readonly ruleAt: string | undefined;
  readonly detail: string | undefined;
  readonly policyDigest: string;
  /** As the policy calls it; undefined if nobody whom it names was called. */
  readonly peer: string | undefined;
  /** The SPIFFE ID that it had to show. */
  readonly peerId: string | undefined;
  /** What went along; undefined if it was refused before that was agreed. */
  readonly authority: PeerAuthority | undefined;
  /** The ID of the inbound call because of which it was made. */
  readonly inboundId: string | undefined;
  readonly inboundAgent: string | undefined;
  /** The grant of the task because of which it was made. */
  readonly taskGrant: string | undefined;
  readonly address: string;
  readonly method: string;
  readonly path: string;
  readonly status: number | undefined;
  readonly bytesIn: number | undefined;
  readonly bytesOut: number | undefined;
  readonly durationMs: number | undefined;
  /** Until the call was handed on, the token service included; undefined for one that never was. */
  readonly overheadMs: number | undefined;
  readonly how: End['how'] | undefined;
  readonly traceId: string | undefined;
}

export type OutboundEnded = Omit<Extract<Event, { kind: 'outbound-call' }>, 'kind' | 'call'>;

/** The record of a finished call to a peer, or with `ended` undefined of one that has only begun. */
export function outboundRecord(
  call: Readonly<OutboundCall>,
  ended: OutboundEnded | undefined,
): OutboundRecord {
  const { request, self, peer, context } = call;
  const code = call.code === 'OK' && ended !== undefined ? CODE_OF_END[ended.end.how] : call.code;
  return {
    time: new Date(call.time).toISOString(),
    event: ended === undefined ? 'begun' : 'call',
    id: call.id,
    callerRequestId: clipped(request?.callerRequestId, MAX_NAME),
    direction: call.direction,
    decision: call.verdict,
    code,
    stage: code === 'OK' ? undefined : FAILURES[code].stage,
    rule: peer === undefined ? undefined : `peer ${peer.name}`,
    ruleAt: peer === undefined ? undefined : `${peer.at.file}:${peer.at.line}`,
    detail: clipped(call.refusal?.detail, MAX_DETAIL),
    policyDigest: call.policy.digest,
    peer: peer?.name,
    peerId: peer?.spiffeId.toString(),
    authority: call.authority,
    inboundId: context?.callId,
    inboundAgent: context?.agent,
    ...tokenFields(context?.authority),
    taskGrant: context?.task?.grant,
    agent: self.agent,
    spiffeId: self.spiffeId,
    certSerial: self.serial,
    certSha256: self.sha256,
    address: call.address,
    method: clip(call.method, MAX_NAME),
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
