export type { Self } from './assertion.ts';
export { InboundDoor, type DoorLimits } from './door.ts';
export type { Hall, Resource, TaskDesk } from './hall.ts';
export { OutboundDoor, type OutboundLimits } from './outbound/door.ts';
export type { EndingTask, OutboundHall, PeerWay, TokenSubject } from './outbound/hall.ts';
export { outboundShape } from './outbound/section.ts';
export { Refusals } from './refusals.ts';
export { SeenTokens } from './seen-tokens.ts';
export { stillPermitted } from './still.ts';
