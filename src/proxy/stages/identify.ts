import {
  KILLED,
  Refusal,
  identified,
  type IdentifiedCall,
  type ReceivedCall,
} from '../../call/index.ts';
import type { Hall } from '../hall.ts';

/** Whose certificate, still trusted, and which agent? Asked on every call: a connection outlives a right. */
export function identify(call: ReceivedCall, hall: Hall): IdentifiedCall {
  const distrust = hall.stillTrusted(call.peer);
  if (distrust !== undefined) throw new Refusal(distrust);
  const agent = call.policy.findAgent(call.peer.spiffeId);
  if (agent === undefined) throw new Refusal('UNKNOWN_AGENT', call.peer.spiffeId.toString());
  const known = identified(call, agent);
  if (agent.disabled) throw new Refusal('AGENT_DISABLED', agent.name);
  if (hall.isKilled(agent.name)) throw new Refusal('AGENT_DISABLED', KILLED);
  return known;
}
