import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import { readProblem } from '../call/problem.ts';
import type { Attempt, Ending } from './rows.ts';
import type { Scene } from './scene.ts';

/** What came back; of an answer by the agent itself only the status is an ending. */
export interface Answer {
  readonly status: number;
  /** What the sidecar said, if it refused. */
  readonly refusal: Ending | undefined;
  readonly id: string;
}

const PATIENCE = 5000;

/** Makes the call over TLS, on a connection of its own. Undefined with nothing usable in return. */
export async function call(
  scene: Scene,
  attempt: Attempt,
  signal: AbortSignal,
): Promise<Answer | undefined> {
  try {
    const response = await send(scene, attempt, AbortSignal.any([signal, deadline()]));
    const { statusCode: status = 0, statusMessage: reason = '', headers } = response;
    const problem = readProblem({ status, reason, headers, body: await text(response) });
    const id = headers['x-request-id'];
    return { status, refusal: problem, id: problem?.id ?? (typeof id === 'string' ? id : '') };
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}

function deadline(): AbortSignal {
  return AbortSignal.timeout(PATIENCE);
}

function send(
  { port, ca, callers }: Scene,
  { caller, method, path, headers }: Attempt,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const to = { host: '127.0.0.1', port, method, path, headers: { ...headers } };
    const asking = request({ ...to, ca, ...callers[caller], agent: false, signal });
    asking.once('response', resolve).once('error', reject).end();
  });
}
