import { valuesOf } from './agent.ts';
import { idOf } from './callers.ts';
import type { Observed } from './observe.ts';
import type { Ending } from './rows.ts';

/** Where the call ended, by the answer; what an answer of the agent itself does not say stands in the audit. */
export function endingOf({ answer, audit }: Observed): Ending | undefined {
  if (answer === undefined) return undefined;
  const { status, refusal } = answer;
  return { status, code: refusal?.code ?? audit[0]?.code ?? '', stage: refusal?.stage };
}

/** `403 SCOPE_MISSING at authorization`. */
export function showEnding({ status, code, stage }: Ending): string {
  return `${status} ${code}${stage === undefined ? '' : ` at ${stage}`}`;
}

/** Everything in which what was seen differs from what should be, in words; empty if all is well. */
export function judge(observed: Observed): readonly string[] {
  return [...ending(observed), ...record(observed), ...reach(observed)];
}

function ending(observed: Observed): string[] {
  const should = showEnding(observed.attempt.expected);
  const ended = endingOf(observed);
  return ended !== undefined && showEnding(ended) === should
    ? []
    : [`should have ended: ${should}`];
}

/** One line in the audit, which says the same as the answer under the same ID; and so does `why`. */
function record(observed: Observed): string[] {
  const { audit, answer, gates } = observed;
  const [line] = audit;
  if (line === undefined || audit.length > 1)
    return [`should have left one line in the audit, and left ${audit.length}`];
  const faults: string[] = [];
  const ended = endingOf(observed);
  if (answer !== undefined && answer.id !== line.id)
    faults.push(`the answer has the ID ${answer.id}, the audit ${line.id}`);
  if (ended?.code !== line.code || ended.stage !== line.stage)
    faults.push(`the audit says ${line.code} at ${line.stage ?? 'no gate'}`);
  const stopped = gates.find(({ result }) => result === 'failed')?.gate;
  if (stopped !== line.stage) faults.push(`why says it was stopped at ${stopped ?? 'no gate'}`);
  return faults;
}

/** Whether the agent behind was reached, and whom it was told is calling. */
function reach({ attempt, received, audit }: Observed): string[] {
  const { agentTold } = attempt.expected;
  const [request] = received;
  if (agentTold === undefined)
    return request === undefined ? [] : ['should not have reached the agent, and did'];
  if (request === undefined) return ['should have reached the agent, and did not'];
  if (received.length > 1)
    return [`should have reached the agent once, not ${received.length} times`];
  const faults: string[] = [];
  const [cert = '', ...moreCerts] = valuesOf(request, 'x-forwarded-client-cert');
  if (valuesOf(request, 'x-sidegate-agent').join() !== agentTold)
    faults.push(`x-sidegate-agent should have told the agent ${agentTold}, and it alone`);
  if (!cert.endsWith(`;URI=${idOf(agentTold)}`) || moreCerts.length > 0)
    faults.push(`x-forwarded-client-cert should have told the agent ${idOf(agentTold)} alone`);
  if (valuesOf(request, 'x-request-id').join() !== audit[0]?.id)
    faults.push('x-request-id should have told the agent the ID of the audit');
  return faults;
}
