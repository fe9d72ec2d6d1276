import { Call, newCallId, type End, type Reply, type VerifiedPeer } from '../call/index.ts';
import { answer } from './answer.ts';
import { tokenChallenges } from './challenge.ts';
import { closeContext } from './context.ts';
import { ended, refusalOf } from './ending.ts';
import type { Exchange } from './exchange.ts';
import type { Hall } from './hall.ts';
import type { LiveCalls } from './live.ts';
import { admit } from './stages/admit.ts';
import { decide } from './stages/decide.ts';
import { describe } from './stages/describe.ts';
import { forward } from './stages/forward.ts';
import { identify } from './stages/identify.ts';
import { prove } from './stages/prove.ts';
import { receive } from './stages/receive.ts';
import { route } from './stages/route.ts';

/** The way of a call, from its head to its record. Never rejects. */
export async function walk(
  exchange: Exchange,
  peer: VerifiedPeer,
  hall: Hall,
  live: LiveCalls,
): Promise<void> {
  const call = startCall(exchange, peer, hall);
  const alive = live.add(call, exchange);
  let place: { release(): void } | undefined;
  let reply: Reply;
  let wait = 0;
  try {
    const received = receive(call, exchange, hall);
    const identified = identify(received, hall);
    const routed = route(identified, hall);
    live.seat(alive, routed.agent.name);
    const proof = prove(routed, exchange, hall);
    const proven = proof instanceof Promise ? await proof : proof;
    const decided = decide(proven, hall);
    const admitted = admit(decided, hall);
    place = admitted.place;
    reply = describe(admitted.call, hall) ?? (await forward(admitted.call, exchange, hall));
  } catch (error) {
    reply = refuse(call, error, hall);
    // What is not forwarded must not cost others more than what is.
    if (call.forwardedAt === undefined) wait = hall.refusalWait(peer.spiffeId.toString());
  }
  const end = await exchange.send(reply, wait);
  place?.release();
  live.remove(alive);
  closeContext(call, hall);
  record(call, reply, end, hall);
}

function startCall(exchange: Exchange, peer: VerifiedPeer, hall: Hall): Call {
  return new Call({
    id: newCallId(),
    time: hall.now(),
    tick: performance.now(),
    peer,
    policy: hall.policy.current,
    method: exchange.head.method,
    target: exchange.head.target,
  });
}

function refuse(call: Call, error: unknown, hall: Hall): Reply {
  const { code } = refusalOf(call, error, hall.emit);
  const { id, decision } = call;
  const missingScopes = decision?.allowed === false ? decision.missingScopes : [];
  return answer({ code, id, missingScopes, challenges: tokenChallenges(call, code, hall) });
}

/** Exactly once a call, when both directions are over. */
function record(call: Call, reply: Reply, end: End, hall: Hall): void {
  ended(call, end);
  hall.emit({
    kind: 'call',
    call,
    status: reply.status,
    end,
    durationMs: performance.now() - call.tick,
  });
}
