import { expect, it } from 'vitest';
import { until } from '../support/harness.ts';
import { callWith } from '../support/outsider.ts';
import { passing } from '../support/passing.ts';
import { HOSTILE, PACE, json, scene, type Scene } from './faults/hostile-keys.ts';

/** Refused, and the agent knows nothing of it; who comes without such a token is served all the while. */
async function refused({ w, agent, outsider }: Scene): Promise<void> {
  const token = await outsider.onBehalf(w.as('planner'));
  const refusal = callWith(w, '/for-alice', token);
  for (const as of ['billing', 'planner'])
    expect((await w.call({ as, path: '/' })).status).toBe(200);
  const answer = await refusal;
  expect(answer.status).toBe(503);
  expect(answer.json().code).toBe('ISSUER_UNAVAILABLE');
  expect(answer.headers['retry-after']).toBeDefined();
  expect(agent.heads.filter((head) => !head.startsWith('GET / '))).toEqual([]);
}

it.each(HOSTILE)('a key set that is %s', async (_, keys) => {
  const pass = passing();
  const s = await scene(keys);
  await refused(s);
  s.outsider.misbehave(undefined);
  pass(PACE);
  const token = await s.outsider.onBehalf(s.w.as('planner'));
  await until(async () => (await callWith(s.w, '/for-alice', token)).status === 200 || undefined);
});

it('a server that is gone', async () => {
  const s = await scene(json('{'));
  const token = await s.outsider.own(s.w.as('planner'));
  s.outsider.stop();
  const answer = await callWith(s.w, '/own', token);
  expect(answer.json().code).toBe('ISSUER_UNAVAILABLE');
  expect((await s.w.call({ as: 'billing', path: '/' })).status).toBe(200);
  expect(s.agent.heads).toHaveLength(1);
});
