import type { Headers } from '../call/index.ts';
import { foldName } from './fields.ts';

/** By it the agent says that its work goes on after its answer, and what it calls that work. */
const TASK = 'x-sidegate-task';

/** An answer of the agent, parted into what the caller gets and what is meant for us. */
export interface AnswerFields {
  readonly headers: Headers;
  /** As it was said; empty for one that was said twice or misspelled. Undefined: nothing was said. */
  readonly task: string | undefined;
}

/** In one walk, and without looking twice at any name of another length: every answer comes this way. */
export function answerFields(from: Headers, callId: string): AnswerFields {
  const headers: (readonly [string, string])[] = [];
  let task: string | undefined;
  for (const field of from) {
    const name = field[0];
    if (name === 'x-request-id' || name === 'alt-svc') continue;
    if (name.length === TASK.length && foldName(name) === TASK)
      task = task === undefined && name === TASK ? field[1] : '';
    else headers.push(field);
  }
  headers.push(['x-request-id', callId]);
  return { headers, task };
}
