import {
  FAILURES,
  Refusal,
  denied,
  shadow,
  type Denial,
  type IdentifiedCall,
  type ShadowedCall,
} from '../call/index.ts';
import { denialMode } from '../policy/index.ts';
import type { Hall } from './hall.ts';

/**
 * What becomes of a denial by policy: in shadow mode it is kept with the call, which goes on.
 *
 * @throws Refusal with its code otherwise
 */
export function deny(call: IdentifiedCall, denial: Denial, hall: Hall): ShadowedCall {
  const mode = denialMode(call.policy, denial, hall.now());
  if (mode === 'shadow' && FAILURES[denial.code].softened) return shadow(call, denial);
  denied(call, denial);
  throw new Refusal(denial.code, denial.missing);
}
