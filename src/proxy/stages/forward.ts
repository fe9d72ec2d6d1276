import {
  Refusal,
  failed,
  forwarded,
  type ForwardableCall,
  type Reply,
  type Source,
} from '../../call/index.ts';
import { answerFields } from '../answer-fields.ts';
import { assertedHeaders } from '../assertion.ts';
import { CappedBody } from '../capped-body.ts';
import { openContext } from '../context.ts';
import { withoutEcho } from '../echo.ts';
import type { Exchange } from '../exchange.ts';
import type { Exchange as UpstreamCall, UpstreamRequest } from '../../upstream/index.ts';
import type { Hall } from '../hall.ts';
import { Departure } from '../outbound/departure.ts';
import { startTask } from '../task.ts';

/** Carries the call to the agent and brings the head of its answer back; the bodies stream on their own. */
export async function forward(
  call: ForwardableCall,
  exchange: Exchange,
  hall: Hall,
): Promise<Reply> {
  const tooLarge = (): void => {
    failed(call, new Refusal('TOO_LARGE', 'the body grew past the limit of the route'));
    upstream.abort(new Error('the body is too large'));
  };
  openContext(call, hall);
  forwarded(call, performance.now());
  const upstream = hall.send(toUpstream(call, bodyOf(call, exchange, tooLarge), hall));
  exchange.onGone(() => {
    failed(call, new Refusal('CALLER_LEFT'));
    upstream.abort(new Error('the caller left'));
  });
  const reply = withoutEcho(await upstream.reply, call, (echoed) => {
    failed(call, echoed);
    upstream.abort(new Error('the answer holds a credential'));
  });
  const { headers, task } = answerFields(reply.headers, call.id);
  if (task !== undefined) await withTask(call, task, { exchange, upstream }, hall);
  return { ...reply, headers };
}

/** The caller gets the answer once the work that goes on after it is registered; else the answer is dropped. */
async function withTask(
  call: ForwardableCall,
  said: string,
  { exchange, upstream }: { readonly exchange: Exchange; readonly upstream: UpstreamCall },
  hall: Hall,
): Promise<void> {
  try {
    // It may have been ended since the answer came, when nobody was listening yet.
    if (call.refusal !== undefined) throw call.refusal;
    const departure = new Departure(exchange, call);
    departure.onLeft((reason) => upstream.abort(reason));
    await startTask(call, said, departure, hall);
  } catch (error) {
    upstream.abort(new Error('the task was refused, or the caller left'));
    throw error;
  }
}

function bodyOf(
  call: ForwardableCall,
  exchange: Exchange,
  tooLarge: () => void,
): Source | undefined {
  if (call.request.body.kind === 'none') return undefined;
  const limit = call.decision.allowed ? call.decision.rule.limits.body : undefined;
  return limit === undefined ? exchange.body : new CappedBody(exchange.body, limit, tooLarge);
}

function toUpstream(call: ForwardableCall, body: Source | undefined, hall: Hall): UpstreamRequest {
  const { request } = call;
  return {
    method: call.method,
    path: request.path + request.query,
    headers: assertedHeaders(call, hall.self.current),
    body,
    bodyLength: request.body.kind === 'length' ? request.body.bytes : undefined,
    upgrade: request.upgrade === 'websocket' ? 'websocket' : undefined,
  };
}
