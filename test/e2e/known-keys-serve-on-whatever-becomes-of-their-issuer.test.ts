import { expect, it } from 'vitest';
import { callWith } from '../support/outsider.ts';
import { passing } from '../support/passing.ts';
import { HOSTILE, PACE, scene } from './faults/hostile-keys.ts';

it.each(HOSTILE)(
  'one that turned %s: known keys serve on, and no other is believed',
  async (_, keys) => {
    const pass = passing();
    const { w, agent, outsider } = await scene();
    const good = await outsider.onBehalf(w.as('planner'));
    expect((await callWith(w, '/for-alice', good)).status).toBe(200);
    outsider.rotate();
    outsider.misbehave(keys);
    const unknown = await outsider.onBehalf(w.as('planner'));
    pass(PACE);
    const answer = callWith(w, '/for-alice', unknown);
    expect((await callWith(w, '/for-alice', good)).status).toBe(200);
    expect((await answer).json().code).toBe('TOKEN_UNTRUSTED');
    expect(agent.heads).toHaveLength(2);
  },
);
