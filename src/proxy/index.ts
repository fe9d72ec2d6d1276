export type { Self } from './assertion.ts';
export { InboundDoor, type DoorLimits, type RefusedFacts } from './door.ts';
export type { Hall } from './hall.ts';
export { stillPermitted } from './still.ts';
