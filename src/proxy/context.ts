import { Refusal, handled, type Call, type ForwardableCall } from '../call/index.ts';
import { Secret } from '../lib/index.ts';
import type { Hall } from './hall.ts';

/**
 * Gives the call a handle, where the agent has a way out. One that only shadow mode lets through is kept without its
 * token: the agent can see that it works for somebody, and gets no authority for it.
 *
 * @throws Refusal TOO_MANY_CALLS if no more can be kept: without a handle the agent would seem to act for nobody
 */
export function openContext(call: ForwardableCall, { contexts }: Hall): void {
  if (contexts === undefined) return;
  const { agent, id: callId, policy, decision } = call;
  const { authority, token } = decision.allowed ? call : NOTHING;
  const handle = contexts.issue({ agent: agent.name, callId, authority, token, policy });
  if (handle === undefined) throw new Refusal('TOO_MANY_CALLS', 'no handle is left for this call');
  handled(call, new Secret(handle));
}

const NOTHING = { authority: undefined, token: undefined } as const;

/**
 * The handle ends with its call: after a grace if that came to its own end, at once if it was refused or cut. One that
 * stands for work that goes on does not, unless the agent has told it.
 */
export function closeContext({ handle, task, shadowed, code }: Call, hall: Hall): void {
  const { contexts, tasks } = hall;
  if (handle === undefined) return;
  if (task !== undefined) {
    if (code === 'CREDENTIAL_ECHOED') tasks?.breakOff(handle.reveal());
    return;
  }
  if (shadowed || code === 'OK' || code === 'CALLER_LEFT') contexts?.end(handle.reveal());
  else contexts?.revoke(handle.reveal());
}
