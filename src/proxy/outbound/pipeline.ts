import {
  OutboundCall,
  Refusal,
  newCallId,
  type End,
  type ReceivedOutbound,
  type Reply,
} from '../../call/index.ts';
import { answer } from '../answer.ts';
import { ended, refusalOf } from '../ending.ts';
import type { Exchange } from '../exchange.ts';
import { Departure } from './departure.ts';
import type { OutboundHall } from './hall.ts';
import type { LiveOutbound, LiveOutbounds } from './live.ts';
import { address } from './stages/address.ts';
import { agree } from './stages/agree.ts';
import { empower } from './stages/empower.ts';
import { forward } from './stages/forward.ts';
import { receive } from './stages/receive.ts';
import { serve } from './stages/serve.ts';
import { stillOutbound } from './still.ts';

/** Where a call comes from, and how many may be on their way with it. */
export interface Origin {
  readonly address: string;
  readonly most: number;
}

/** The way of a call to a peer, from its head to its record. Never rejects. */
export async function walkOut(
  exchange: Exchange,
  origin: Origin,
  hall: OutboundHall,
  calls: LiveOutbounds,
): Promise<void> {
  const call = startCall(exchange, origin, hall);
  const live = calls.add(call, exchange);
  let reply: Reply;
  try {
    const received = receive(call, exchange, hall);
    if (calls.size > origin.most) throw new Refusal('TOO_MANY_CALLS', 'outbound.calls');
    reply = await (serve(received, exchange, hall) ?? goOut(received, exchange, live, hall));
  } catch (error) {
    reply = refuse(call, error, hall);
  }
  const end = await exchange.send(reply);
  over(live, calls);
  record(call, reply, end, hall);
}

async function goOut(
  received: ReceivedOutbound,
  exchange: Exchange,
  live: LiveOutbound,
  hall: OutboundHall,
): Promise<Reply> {
  const agreed = agree(address(received, hall), hall);
  const departure = new Departure(exchange, received);
  const way = (live.way = hall.wayTo(agreed.peer));
  const token = await empower(agreed, way, departure, hall);
  // What the call stands on may have ended since it was agreed to.
  const fault = stillOutbound(live, hall);
  if (fault !== undefined) throw fault;
  return forward(agreed, exchange, { live, way, token, departure }, hall);
}

function startCall(exchange: Exchange, origin: Origin, hall: OutboundHall): OutboundCall {
  return new OutboundCall({
    id: newCallId(),
    time: hall.now(),
    tick: performance.now(),
    self: hall.self(),
    policy: hall.policy.current,
    method: exchange.head.method,
    target: exchange.head.target,
    address: origin.address,
  });
}

function refuse(call: OutboundCall, error: unknown, hall: OutboundHall): Reply {
  const { code } = refusalOf(call, error, hall.emit);
  return answer({ code, id: call.id, missingScopes: [] });
}

function over(live: LiveOutbound, calls: LiveOutbounds): void {
  live.way?.release();
  calls.remove(live);
}

/** Exactly once a call, when both directions are over. */
function record(call: OutboundCall, reply: Reply, end: End, hall: OutboundHall): void {
  ended(call, end);
  const durationMs = performance.now() - call.tick;
  hall.emit({ kind: 'outbound-call', call, status: reply.status, end, durationMs });
}
