import type { Event } from '../call/index.ts';

export type KillEvent = Extract<Event, { kind: 'kill-switch' }>;

/** An audit line of the operator's: who turned the kill switch of which agent. */
export interface KillRecord {
  readonly time: string;
  readonly event: 'kill' | 'lift';
  readonly agent: string;
  readonly by: string;
}

export function killRecord({ time, action, agent, by }: KillEvent): KillRecord {
  return { time: new Date(time).toISOString(), event: action, agent, by };
}
