import {
  routed,
  type IdentifiedCall,
  type RoutedCall,
  type ShadowedCall,
} from '../../call/index.ts';
import type { Hall } from '../hall.ts';
import { deny } from '../deny.ts';

/** Which route? What no route names is denied; in shadow mode it goes on without one, and nothing else is asked. */
export function route(call: IdentifiedCall, hall: Hall): RoutedCall | ShadowedCall {
  const found = call.policy.route({ method: call.method, path: call.request.meaning });
  return 'allowed' in found ? deny(call, found, hall) : routed(call, found);
}
