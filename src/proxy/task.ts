import {
  Refusal,
  startedTask,
  type Authority,
  type ForwardableCall,
  type PermittedCall,
} from '../call/index.ts';
import type { Secret } from '../lib/index.ts';
import type { StartedTask } from '../state/index.ts';
import type { TaskWish } from '../token/index.ts';
import type { Hall, TaskDesk } from './hall.ts';
import type { Departure } from './outbound/departure.ts';

/** The agent's own name of its work. */
const NAME = /^[A-Za-z0-9._~:-]{1,128}$/;

/**
 * The agent says that its work goes on after this call: it is registered at the token service, and from then on the
 * handle of the call stands for that work. Where there is nothing that could go on (no way out, no token, a call that
 * only shadow mode lets through) nothing happens.
 *
 * @throws Refusal TASK_REFUSED, TOKEN_SERVICE_UNAVAILABLE, or why the call ended meanwhile
 */
export async function startTask(
  call: ForwardableCall,
  said: string,
  departure: Departure,
  { tasks }: Hall,
): Promise<void> {
  const { handle, token, authority } = call;
  if (tasks === undefined || handle === undefined) return;
  if (!isPermitted(call) || token === undefined || authority === undefined) return;
  const wish = wishOf(call, said, { token, authority });
  const started = await granted(call, wish, departure, tasks);
  tasks.keep(handle.reveal(), started);
  const { name, grant, audiences } = started;
  startedTask(call, { name, grant, audiences });
}

function isPermitted(call: ForwardableCall): call is PermittedCall {
  return call.decision.allowed;
}

/** Of what the token gives, as much as the peers take to whom it can be handed on. */
function wishOf(
  { decision: { rule }, policy }: PermittedCall,
  name: string,
  { token, authority }: { readonly token: Secret; readonly authority: Authority },
): TaskWish {
  if (!NAME.test(name)) throw refused('x-sidegate-task is no name of a task, or is there twice');
  const longest = rule.tokenRule.tasks;
  if (longest === 0) throw refused(`the route '${rule.name}' does not say 'tasks'`);
  const taken = (scope: string): boolean => authority.scopes.has(scope);
  const peers = [...policy.peers.values()].filter(
    (peer) => peer.authority === 'delegated' && peer.scopes.some(taken),
  );
  if (peers.length === 0) throw refused('no delegated peer takes a scope that the token has');
  const scopes = [...new Set(peers.flatMap((peer) => peer.scopes.filter(taken)))];
  const audiences = [...new Set(peers.map(({ spiffeId }) => spiffeId.toString()))];
  return { name, token, scopes, audiences, longest };
}

/** What is granted after the call has ended is given back. */
async function granted(
  call: ForwardableCall,
  wish: TaskWish,
  departure: Departure,
  tasks: TaskDesk,
): Promise<StartedTask> {
  const asked = tasks.register(wish, call.agent.name);
  try {
    const started = await departure.unless(asked);
    // Ended without its caller having left: its body grew too large.
    if (call.refusal !== undefined) throw call.refusal;
    return started;
  } catch (error) {
    tasks.abandon(asked, call.agent.name);
    throw error;
  }
}

function refused(detail: string): Refusal {
  return new Refusal('TASK_REFUSED', detail);
}
