import { Refusal, type ConsentedOutbound } from '../../../call/index.ts';
import type { Secret } from '../../../lib/index.ts';
import type { Departure } from '../departure.ts';
import type { OutboundHall, PeerWay } from '../hall.ts';

/** The token that goes along; undefined where none does. */
export async function empower(
  call: ConsentedOutbound,
  way: PeerWay,
  departure: Departure,
  hall: OutboundHall,
): Promise<Secret | undefined> {
  if (hall.now() >= way.until) throw new Refusal('NOT_READY', 'our own certificate has expired');
  if (call.authority === 'none') return undefined;
  return departure.unless(way.token(subjectOf(call)));
}

/** Of a delegated call, whose token is exchanged; never of any other. */
function subjectOf({ authority, context }: ConsentedOutbound) {
  if (authority !== 'delegated') return undefined;
  const { token, authority: proven } = context ?? {};
  if (token === undefined || proven === undefined)
    throw new TypeError('a delegated call belongs to one with a token');
  return { token, until: proven.expiresAt };
}
