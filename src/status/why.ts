import { FAILURES, KILLED, type FailureCode } from '../call/index.ts';
import { explain, type Explanation, type Policy } from '../policy/index.ts';
import type {
  CallRecord,
  ConnectionRecord,
  OutboundRecord,
  RecentEntry,
} from '../telemetry/index.ts';
import { callGates, connectionGates, outboundGates } from './gates.ts';
import type { WhyReport } from './why-report.ts';

/** What the answer is looked up in. */
export interface WhySources {
  /** The policy in force now, from which a change is proposed. */
  readonly policy: Policy;
  /** What a path means, percent-encoding undone; undefined for one that is refused unread. */
  readonly meaningOf: (path: string) => string | undefined;
}

/** Everything that `sidegate why` tells of one call or refused connection. Pure. */
export function why(entry: RecentEntry, sources: WhySources): WhyReport {
  const { record } = entry;
  if (record.event === 'refused-connection') return whyConnection(record);
  return record.direction === 'outbound'
    ? whyOutbound(entry, record, sources)
    : whyCall(entry, record, sources);
}

/** No change is proposed: it is the agent's own call, and what it may reach is for people to widen. */
function whyOutbound(entry: RecentEntry, record: OutboundRecord, sources: WhySources): WhyReport {
  const { id, time, decision, code, status, agent, spiffeId, address, method, path } = record;
  const failure = code === 'OK' ? undefined : FAILURES[code];
  return {
    id,
    time,
    verdict: decision,
    code,
    status: status === 0 ? undefined : status,
    agent,
    spiffeId,
    address,
    peer: record.peer,
    authority: record.authority,
    inboundId: record.inboundId,
    token: tokenOf(record),
    taskGrant: record.taskGrant,
    method,
    path,
    gates: outboundGates(record),
    rule: ruleOf(entry, record),
    detail: record.detail,
    operator: failure?.operator ?? 'The call was allowed and carried out.',
    remedy: failure?.remedy,
    callerTold: code === 'OK' ? undefined : toldBy(code, []),
    policyChanged: record.policyDigest !== sources.policy.digest,
  };
}

function whyConnection(record: ConnectionRecord): WhyReport {
  const { id, time, code, claimedId, address, detail } = record;
  return {
    id,
    time,
    verdict: 'deny',
    code,
    claimedId,
    address,
    gates: connectionGates(record),
    detail,
    operator: FAILURES[code].operator,
    remedy: FAILURES[code].remedy,
    callerTold: toldBy(code, []),
    policyChanged: false,
  };
}

function whyCall(entry: RecentEntry, record: CallRecord, sources: WhySources): WhyReport {
  const { id, time, decision, code, status, agent, spiffeId, address, method, path } = record;
  const failure = code === 'OK' ? undefined : FAILURES[code];
  const softened = decision === 'shadow-deny';
  return {
    id,
    time,
    verdict: decision,
    code,
    status: status === 0 ? undefined : status,
    agent,
    spiffeId,
    address,
    token: tokenOf(record),
    task: record.task,
    taskGrant: record.taskGrant,
    method,
    path,
    gates: callGates(record),
    rule: ruleOf(entry, record),
    missing: record.missing,
    whose: record.whose,
    detail: record.detail === record.missing ? undefined : record.detail,
    operator: failure?.operator ?? 'The call was allowed and carried out.',
    remedy: remedyOf(record),
    change: changeFor(record, sources),
    callerTold: code === 'OK' || softened ? undefined : toldBy(code, entry.missingScopes),
    policyChanged: record.policyDigest !== sources.policy.digest,
  };
}

/** The catalogue knows both ways to disable an agent; here it is known which it was, and who. */
function remedyOf({ code, detail, agent }: CallRecord): string | undefined {
  if (code === 'OK') return undefined;
  if (code === 'AGENT_DISABLED' && detail === KILLED && agent !== undefined)
    return `When it may call again: sidegate kill ${agent} --lift`;
  return FAILURES[code].remedy;
}

function ruleOf(
  { rule }: RecentEntry,
  record: Pick<CallRecord, 'rule'> & Partial<Pick<CallRecord, 'nearest'>>,
): WhyReport['rule'] {
  if (rule === undefined || record.rule === undefined) return undefined;
  return { name: record.rule, ...rule, nearest: record.nearest === true };
}

/** Nothing in the policy can mend what was refused elsewhere. */
function changeFor(record: CallRecord, { policy, meaningOf }: WhySources): WhyReport['change'] {
  if (record.stage !== 'authorization' || record.detail === KILLED) return undefined;
  if (isForeign(record)) return undefined;
  const path = meaningOf(record.path);
  if (path === undefined) return undefined;
  const ask = { as: record.agent ?? record.spiffeId, method: record.method, path };
  return plainChange(explain(policy, ask), policy.file);
}

/** Whether somebody else than the agent is in the way: whoever signed the token, or stands in its chain. */
function isForeign({ code, whose, agent }: CallRecord): boolean {
  return code.startsWith('DELEGATION_') || (whose !== undefined && whose !== agent);
}

function plainChange({ change }: Explanation, file: string): WhyReport['change'] {
  if (change === undefined) return undefined;
  const edits = change.edits.map(({ line, before, after }) => ({ line, before, after }));
  return { file, steps: [...change.steps], edits };
}

function tokenOf(record: CallRecord | OutboundRecord): WhyReport['token'] {
  const { issuer, subject, onBehalf = false, chain = [], tokenScopes = [] } = record;
  if (issuer === undefined || subject === undefined) return undefined;
  return { issuer, subject, onBehalf, chain: [...chain], scopes: [...tokenScopes] };
}

/** As the answer said it; undefined if there was nobody left to tell. */
function toldBy(code: FailureCode, missingScopes: readonly string[]): string | undefined {
  const { caller } = FAILURES[code];
  if (caller === '') return undefined;
  return missingScopes.length === 0 ? caller : `${caller} It needs: ${missingScopes.join(' ')}.`;
}
