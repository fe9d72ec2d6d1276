import {
  isShadowed,
  permit,
  type ForwardableCall,
  type ProvenCall,
  type ShadowedCall,
} from '../../call/index.ts';
import type { Hall } from '../hall.ts';
import { judge } from '../judge.ts';
import { deny } from '../deny.ts';

/** May this agent, for whom it acts, use that route? A denial in shadow mode is kept with the call and goes on. */
export function decide(call: ProvenCall | ShadowedCall, hall: Hall): ForwardableCall {
  if (isShadowed(call)) return call;
  const { policy, agent, route, authority } = call;
  const decision = judge(policy, { agent, route, authority, upgrade: call.request.upgrade });
  return decision.allowed ? permit(call, decision) : deny(call, decision, hall);
}
