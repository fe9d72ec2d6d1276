import { expect, it } from 'vitest';
import { until, type World } from '../support/harness.ts';
import { HOUR, scene, type Scene } from './faults/scene.ts';

const RATED = `version: 1
trustDomain: acme.test
agents: { billing: [] }
routes:
  GET /whoami: { scopes: [], rate: 1/h, burst: 1 }
`;

const status = async ({ w, caller }: Scene) =>
  (await w.call({ as: caller, path: '/whoami' })).status;

async function codeOf(w: World, as: Scene['caller']): Promise<unknown> {
  const answer = await w.call({ as, path: '/whoami' });
  return answer.status === 200 ? 200 : answer.json().code;
}

it('a certificate is judged by the clock as it is: it ends with it, and a correction brings it back', async () => {
  const { w, clock } = await scene();
  const short = w.issue({ id: 'spiffe://acme.test/agent/billing', notAfter: Date.now() + HOUR });
  clock.ahead = 2 * HOUR;
  expect(await codeOf(w, short)).toBe('CERTIFICATE_EXPIRED');
  clock.ahead = 0;
  expect(await codeOf(w, short)).toBe(200);
});

it('a call that a step forward has cut stays cut when the clock goes back', async () => {
  const { w, clock, agent } = await scene();
  const short = w.issue({ id: 'spiffe://acme.test/agent/billing', notAfter: Date.now() + HOUR });
  agent.behave = 'slow';
  const open = w.open({ as: short, path: '/whoami' });
  await until(() => (agent.reached === 1 ? true : undefined));
  clock.ahead = 2 * HOUR;
  expect((await open).statusCode).toBe(401);
  clock.ahead = 0;
  expect(await w.ended(1)).toMatchObject([{ code: 'CERTIFICATE_EXPIRED', status: 401 }]);
});

it.each([
  ['forward', 2 * HOUR],
  ['back', -2 * HOUR],
])('a rate goes by a clock that cannot be set: a step %s fills no bucket', async (_, ahead) => {
  const world = await scene({ policy: RATED });
  expect(await status(world)).toBe(200);
  expect(await status(world)).toBe(429);
  world.clock.ahead = ahead;
  await until(async () =>
    /_clock_steps_total\{.* 1$/m.test(await world.w.metrics()) ? true : undefined,
  );
  world.clock.ahead = 0;
  expect(await status(world)).toBe(429);
});

it('a call that is open for a second is announced, though the clock steps back meanwhile', async () => {
  const { w, clock, agent, caller } = await scene();
  agent.behave = 'slow';
  const open = w.open({ as: caller, path: '/whoami' });
  open.catch(() => undefined);
  await until(() => (agent.reached === 1 ? true : undefined));
  // Not so far that it would be before our certificates: the call goes on.
  clock.ahead = -30_000;
  let looks = 0;
  const begun = await until(async () => {
    looks += 1;
    if ((await w.audit()).some(({ event }) => event === 'begun')) return 'announced';
    return looks > 200 ? 'never' : undefined;
  });
  expect(begun).toBe('announced');
});
