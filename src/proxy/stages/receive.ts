import { Refusal, received, type Call, type ReceivedCall } from '../../call/index.ts';
import type { Exchange } from '../exchange.ts';
import type { Hall } from '../hall.ts';
import { readHead } from '../head.ts';

/** Is it a request that can be read in one way only, and are calls taken at all? */
export function receive(call: Call, exchange: Exchange, hall: Hall): ReceivedCall {
  const request = readHead(exchange.head, hall.self.current.pseudonym, hall.sample);
  if (exchange.upgrade && request.body.kind !== 'none')
    throw new Refusal('MALFORMED_REQUEST', 'a request to change the protocol has a body');
  if (!exchange.upgrade && request.upgrade !== undefined)
    throw new Refusal('MALFORMED_REQUEST', 'Upgrade without Connection, or behind another call');
  const whole = received(call, request);
  const closed = hall.closedFor();
  if (closed !== undefined) throw new Refusal(closed);
  return whole;
}
