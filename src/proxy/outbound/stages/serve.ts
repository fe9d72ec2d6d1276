import {
  Refusal,
  forwarded,
  inContext,
  served,
  type ReceivedOutbound,
  type Reply,
} from '../../../call/index.ts';
import type { Exchange } from '../../exchange.ts';
import { Departure } from '../departure.ts';
import type { OutboundHall } from '../hall.ts';
import { isForUs } from '../knock.ts';

/** Is it for this sidecar itself? The agent may end work of its own. Undefined for a call to a peer. */
export function serve(
  call: ReceivedOutbound,
  exchange: Exchange,
  hall: OutboundHall,
): Promise<Reply> | undefined {
  const { method, request } = call;
  if (!isForUs(request.host, hall.port())) return undefined;
  if (method !== 'DELETE' || request.path + request.query !== '/task')
    throw new Refusal('OUTBOUND_REFUSED', 'of the sidecar itself, only DELETE /task can be asked');
  return endTask(call, exchange, hall);
}

/** Here it ends at once. Where the token service cannot be told, the same request again tells it. */
async function endTask(
  call: ReceivedOutbound,
  exchange: Exchange,
  hall: OutboundHall,
): Promise<Reply> {
  const { handle, id } = call;
  if (handle === undefined) throw new Refusal('CONTEXT_MISSING', 'of the task that is to end');
  const ending = hall.endTask(handle.reveal());
  if (ending === undefined) throw new Refusal('CONTEXT_REFUSED', 'no task that goes on has it');
  inContext(call, ending.context);
  await new Departure(exchange, call).unless(ending.over);
  served(call);
  forwarded(call, performance.now());
  return { status: 204, headers: [['x-request-id', id]], body: { kind: 'empty' } };
}
