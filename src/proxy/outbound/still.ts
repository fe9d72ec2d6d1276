import { Refusal, type PeerEntry } from '../../call/index.ts';
import { contextFault, contextOf } from './context-rule.ts';
import type { OutboundHall } from './hall.ts';
import type { LiveOutbound } from './live.ts';

/**
 * Would this call, which is on its way out, be let out again now? Asked once a second and after every reload and kill.
 *
 * @returns undefined if it would, else what to cut it with
 */
export function stillOutbound(live: LiveOutbound, hall: OutboundHall): Refusal | undefined {
  const { call, way } = live;
  const { peer, authority } = call;
  // What is not agreed yet is about to be.
  if (peer === undefined || authority === undefined) return undefined;
  const policy = hall.policy.current;
  if (!isSame(peer, policy.peerNamed(peer.name)))
    return new Refusal('PEER_UNKNOWN', `the policy says no longer what it said of ${peer.name}`);
  const context = contextOf(call.handle, hall);
  if (context instanceof Refusal) return context;
  const fault = contextFault(context, peer, policy, hall);
  if (fault !== undefined) return fault;
  if (way !== undefined && hall.now() >= way.until)
    return new Refusal('NOT_READY', 'our own certificate has expired');
  const shown = live.exchangeWithPeer?.peer;
  const distrust = shown === undefined ? undefined : hall.stillTrusted(shown);
  return distrust === undefined ? undefined : new Refusal('PEER_UNTRUSTED', distrust);
}

function isSame(one: PeerEntry, other: PeerEntry | undefined): boolean {
  return other !== undefined && textOf(one) === textOf(other);
}

function textOf({ host, port, spiffeId, authority, audience, scopes, evenOnBehalf }: PeerEntry) {
  const id = spiffeId.toString();
  return JSON.stringify([host, port, id, authority, audience, scopes, evenOnBehalf]);
}
