import {
  Refusal,
  consent,
  inContext,
  type AddressedOutbound,
  type ConsentedOutbound,
} from '../../../call/index.ts';
import { contextFault, contextOf } from '../context-rule.ts';
import type { OutboundHall } from '../hall.ts';

/** May this peer be called because of that inbound call, and with whose authority? */
export function agree(call: AddressedOutbound, hall: OutboundHall): ConsentedOutbound {
  const context = contextOf(call.handle, hall);
  if (context instanceof Refusal) throw context;
  if (context !== undefined) inContext(call, context);
  const fault = contextFault(context, call.peer, call.policy, hall);
  if (fault !== undefined) throw fault;
  return consent(call);
}
