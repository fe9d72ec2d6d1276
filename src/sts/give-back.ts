import type { TokenQuestion } from './question.ts';
import type { TaskGrants } from './task-grants.ts';

/**
 * Ends a task grant for its client, which needs no right but to be that client.
 *
 * @throws TokenRefusal; all that is wrong is told alike
 */
export function giveBackTask(id: string, question: TokenQuestion, tasks: TaskGrants): void {
  question.grant = 'task-end';
  question.taskGrant = tasks.known(id);
  const { subject } = tasks.giveBack(id, question.peer.spiffeId.toString());
  question.subject = subject;
  question.granted = true;
}
