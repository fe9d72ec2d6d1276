import { Refusal, type ConsentedOutbound } from '../../../call/index.ts';
import type { Secret } from '../../../lib/index.ts';
import { isGrantOver } from '../../../token/index.ts';
import type { Departure } from '../departure.ts';
import type { OutboundHall, PeerWay, TokenSubject } from '../hall.ts';

/** The token that goes along; undefined where none does. */
export async function empower(
  call: ConsentedOutbound,
  way: PeerWay,
  departure: Departure,
  hall: OutboundHall,
): Promise<Secret | undefined> {
  if (hall.now() >= way.until) throw new Refusal('NOT_READY', 'our own certificate has expired');
  if (call.authority === 'none') return undefined;
  try {
    return await departure.unless(way.token(subjectOf(call)));
  } catch (error) {
    const { handle, context } = call;
    const isOver = context?.task !== undefined && error instanceof Refusal && isGrantOver(error);
    if (isOver && handle !== undefined) hall.breakOffTask(handle.reveal());
    throw error;
  }
}

/** Of a delegated call, whose token or grant is exchanged; never of any other. */
function subjectOf({ authority, context }: ConsentedOutbound): TokenSubject | undefined {
  if (authority !== 'delegated') return undefined;
  const { token, task, authority: proven } = context ?? {};
  if (proven !== undefined && task !== undefined)
    return { taskGrant: task.grant, until: proven.expiresAt };
  if (proven !== undefined && token !== undefined) return { token, until: proven.expiresAt };
  throw new TypeError('a delegated call belongs to one with a token');
}
