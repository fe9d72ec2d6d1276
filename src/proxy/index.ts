export type { Self } from './assertion.ts';
export { InboundDoor, type DoorLimits } from './door.ts';
export type { Hall, Resource } from './hall.ts';
export { OutboundDoor, type OutboundLimits } from './outbound/door.ts';
export type { OutboundHall, PeerWay } from './outbound/hall.ts';
export { outboundShape } from './outbound/section.ts';
export { Refusals } from './refusals.ts';
export { stillPermitted } from './still.ts';
