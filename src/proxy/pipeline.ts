import {
  Call,
  Refusal,
  failed,
  newCallId,
  type End,
  type Reply,
  type VerifiedPeer,
} from '../call/index.ts';
import { answer } from './answer.ts';
import { tokenChallenges } from './challenge.ts';
import { closeContext } from './context.ts';
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

/** Whatever went wrong ends the call here; what nobody foresaw is refused, never let through. */
function refuse(call: Call, error: unknown, hall: Hall): Reply {
  // Of a call that had failed before, for the caller left or was cut, this is but the echo.
  const refusal = call.refusal ?? refusalOf(error);
  if (refusal.code === 'INTERNAL')
    hall.emit({
      kind: 'log',
      level: 'error',
      message: `call ${call.id} failed inside Sidegate and was refused`,
      cause: refusal.cause,
    });
  failed(call, refusal);
  const { decision } = call;
  const missingScopes = decision?.allowed === false ? decision.missingScopes : [];
  const challenges = tokenChallenges(call, refusal.code, hall);
  return answer({ code: refusal.code, id: call.id, missingScopes, challenges });
}

function refusalOf(error: unknown): Refusal {
  return error instanceof Refusal ? error : new Refusal('INTERNAL', '', error);
}

const BROKEN = {
  callerLeft: 'CALLER_LEFT',
  upstreamBroke: 'UPSTREAM_PROTOCOL',
  cut: 'CUT',
} as const;

/** Exactly once a call, when both directions are over. */
function record(call: Call, reply: Reply, end: End, hall: Hall): void {
  if (end.how !== 'complete') failed(call, new Refusal(BROKEN[end.how]));
  hall.emit({
    kind: 'call',
    call,
    status: reply.status,
    end,
    durationMs: performance.now() - call.tick,
  });
}
