import {
  Refusal,
  addressed,
  type AddressedOutbound,
  type ReceivedOutbound,
} from '../../../call/index.ts';
import type { OutboundHall } from '../hall.ts';
import { peerLabel } from '../knock.ts';

/** Whom is it for? Nobody but the peers of the policy can be called. */
export function address(call: ReceivedOutbound, hall: OutboundHall): AddressedOutbound {
  const name = peerLabel(call.request.host, hall.port());
  const peer = call.policy.peerNamed(name);
  if (peer === undefined) throw new Refusal('PEER_UNKNOWN', name);
  return addressed(call, peer);
}
