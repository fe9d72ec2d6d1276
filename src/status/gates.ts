import { FAILURES, type Stage } from '../call/index.ts';
import type { CallRecord, ConnectionRecord, OutboundRecord } from '../telemetry/index.ts';
import type { Gate } from './why-report.ts';

const ORDER = ['identity', 'authentication', 'authorization'] as const;

/** Where a connection ended that never became a call. What it says of itself is marked as a claim. */
export function connectionGates(record: ConnectionRecord): Gate[] {
  const { stage, claimedId } = record;
  const detail = record.detail ?? FAILURES[record.code].operator;
  const claim = claimedId === undefined ? '' : `claims ${claimedId} (not verified)`;
  if (stage === 'identity')
    return [
      failed('identity', claim === '' ? detail : `${claim}: ${detail}`),
      ...after('identity'),
    ];
  if (claimedId === undefined) return [failed(stage, detail), ...ORDER.map(notReached)];
  if (stage === 'authentication')
    return [passed('identity', claim), failed(stage, detail), ...after(stage)];
  return [
    passed('identity', claimedId),
    passed('authentication', ''),
    failed(stage, detail),
    ...after('authentication'),
  ];
}

/** Where a call went. Whoever made one had shown and proven an identity when the connection began. */
export function callGates(record: CallRecord): Gate[] {
  const { code, stage, spiffeId } = record;
  const identity = passed('identity', spiffeId);
  const reason = record.detail ?? (code === 'OK' ? '' : FAILURES[code].operator);
  if (stage === 'authentication' || stage === 'identity')
    return [identity, failed('authentication', reason), ...after('authentication')];
  const proven = passed('authentication', proofOf(record));
  const authorization = authorizationOf(record);
  if (stage === undefined || stage === 'authorization') return [identity, proven, authorization];
  const obstacle = failed(stage, reason);
  return authorization.result === 'not reached'
    ? [identity, proven, obstacle, authorization]
    : [identity, proven, authorization, obstacle];
}

/** Where a call of our agent went: it is us, and what is asked is whether that peer may be called, and for whom. */
export function outboundGates(record: OutboundRecord): Gate[] {
  const { code, stage, spiffeId, authority, rule, inboundId, decision } = record;
  const identity = passed('identity', spiffeId);
  const reason = record.detail ?? (code === 'OK' ? '' : FAILURES[code].operator);
  const because = inboundId === undefined ? '' : `, because of the call ${inboundId}`;
  const agreed =
    authority === undefined
      ? unaddressed(decision, because)
      : passed('authorization', `${rule ?? ''}, authority: ${authority}${because}`);
  if (stage === undefined) return [identity, agreed];
  if (stage === 'authorization' && authority === undefined)
    return [identity, failed('authorization', reason)];
  const obstacle = failed(stage, reason);
  return authority === undefined ? [identity, obstacle, agreed] : [identity, agreed, obstacle];
}

/** For no peer: allowed is only what this sidecar itself carries out. */
function unaddressed(decision: OutboundRecord['decision'], because: string): Gate {
  return decision === 'allow'
    ? passed('authorization', `the agent ends its own task${because}`)
    : notReached('authorization');
}

/** What the caller has shown, and what for whom. */
function proofOf({ certSerial, issuer, subject, onBehalf, chain = [] }: CallRecord): string {
  const certificate = `certificate ${certSerial}`;
  if (issuer === undefined || subject === undefined) return certificate;
  const [, ...through] = chain.map(({ sub }) => sub);
  const way = through.length > 0 ? ` through ${through.join(', ')}` : '';
  const whose = onBehalf === true ? ` for ${subject.sub}${way}` : '';
  return `${certificate}, token of ${issuer}${whose}`;
}

function authorizationOf(record: CallRecord): Gate {
  const { decision, stage, rule, agent, missing } = record;
  if (decision === 'shadow-deny')
    return failed('authorization', `${lacking(missing)}; shadow mode let it through`);
  if (stage === 'authorization')
    return failed(
      'authorization',
      agent === undefined ? 'no agent of the policy' : lacking(missing),
    );
  return decided(record) ? passed('authorization', rule ?? '') : notReached('authorization');
}

/** What failed afterwards had been allowed: a body shows its size only when the rule is known. */
function decided({ decision, code, overheadMs }: CallRecord): boolean {
  return decision === 'allow' || overheadMs !== undefined || code === 'TOO_LARGE';
}

function lacking(missing: string | undefined): string {
  return missing === undefined ? 'denied' : `missing: ${missing}`;
}

function after(gate: (typeof ORDER)[number]): Gate[] {
  return ORDER.slice(ORDER.indexOf(gate) + 1).map(notReached);
}

function passed(gate: Stage, detail: string): Gate {
  return { gate, result: 'passed', detail };
}

function failed(gate: Stage, detail: string): Gate {
  return { gate, result: 'failed', detail };
}

function notReached(gate: Stage): Gate {
  return { gate, result: 'not reached', detail: '' };
}
