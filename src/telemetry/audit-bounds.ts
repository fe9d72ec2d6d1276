import type { AuditBounds, AuditSettings } from './audit-settings.ts';

const MIB = 1024 * 1024;

/**
 * Which lines go first when the disk does not keep up. `refuse` promises that nothing is done without its record: the room
 * is for calls that were carried out. `drop` promises that attacks stay in evidence: the room is for refusals.
 */
export const BOUNDS: Readonly<Record<AuditSettings['onFull'], AuditBounds>> = {
  refuse: {
    queued: 4 * MIB,
    lanes: {
      done: { room: 16 * MIB, perCaller: 16 * MIB },
      refused: { room: 4 * MIB, perCaller: MIB },
    },
    retry: 1000,
    closing: 5000,
  },
  drop: {
    queued: 4 * MIB,
    lanes: {
      done: { room: 4 * MIB, perCaller: 4 * MIB },
      refused: { room: 16 * MIB, perCaller: 4 * MIB },
    },
    retry: 1000,
    closing: 5000,
  },
};
