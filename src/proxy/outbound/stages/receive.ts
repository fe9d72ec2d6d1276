import { Refusal, receivedOutbound, type OutboundCall } from '../../../call/index.ts';
import type { Exchange } from '../../exchange.ts';
import { readHead } from '../../head.ts';
import type { OutboundHall } from '../hall.ts';
import { checkKnock, sentHandle } from '../knock.ts';

/** May it be made at this door, and can it be read in one way only? */
export function receive(call: OutboundCall, exchange: Exchange, hall: OutboundHall) {
  checkKnock(exchange.head, hall.secret);
  const request = readHead(exchange.head, hall.pseudonym(), () => false);
  if (exchange.upgrade || request.upgrade !== undefined)
    throw new Refusal('UPGRADE_NOT_ALLOWED', 'the outbound door passes on HTTP alone');
  const closed = hall.closedFor();
  if (closed !== undefined) throw new Refusal(closed);
  return receivedOutbound(call, request, sentHandle(exchange.head.fields));
}
