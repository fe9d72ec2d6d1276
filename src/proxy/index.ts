export type { Self } from './assertion.ts';
export { InboundDoor, type DoorLimits, type RefusedFacts } from './door.ts';
export type { Admission, Hall, UpstreamCall, UpstreamRequest } from './hall.ts';
export { stillPermitted } from './still.ts';
export { canonicalTarget, type CanonicalTarget, type TargetFault } from './target.ts';
