import { expect, it } from 'vitest';
import { until, world } from '../support/harness.ts';
import { callWith, outsiderPolicy, startOutsider, trustWeb } from '../support/outsider.ts';
import { passing } from '../support/passing.ts';
import { throwawayCa } from '../support/pki.ts';
import { OK, scriptedAgent } from '../support/scripted-agent.ts';

/** Keys are not asked for more often, whoever comes with whatever key name; milliseconds. */
const PACE = 30_000;

it.each(['RS256', 'ES256'] as const)(
  'the new key is believed, and the old one no more (%s)',
  async (alg) => {
    const pass = passing();
    const ca = throwawayCa({ trustDomain: 'acme.test' });
    const outsider = await startOutsider(ca, alg);
    trustWeb(outsider.web);
    const agent = await scriptedAgent((socket) => void socket.write(OK));
    const w = await world({ ca, policy: outsiderPolicy(outsider), upstream: agent.upstream });
    const planner = w.as('planner');
    const codeOf = async (token: string) => {
      const answer = await callWith(w, '/for-alice', token);
      return answer.status === 200 ? 'OK' : answer.json().code;
    };
    const old = await outsider.onBehalf(planner);
    // The second time it is remembered as good.
    expect([await codeOf(old), await codeOf(old)]).toEqual(['OK', 'OK']);

    outsider.rotate();
    const next = await outsider.onBehalf(planner);
    const before = outsider.asked;
    // Too soon after the last time to ask again: refused, and not waited for.
    for (let i = 0; i < 5; i += 1) expect(await codeOf(next)).toBe('TOKEN_UNTRUSTED');
    expect(outsider.asked).toBe(before);
    expect(await codeOf(old)).toBe('OK');

    pass(PACE);
    expect(await codeOf(next)).toBe('OK');
    expect(outsider.asked).toBe(before + 1);
    const reached = agent.heads.length;
    expect(await codeOf(old)).toBe('TOKEN_UNTRUSTED');
    expect(agent.heads).toHaveLength(reached);
    expect(await codeOf(next)).toBe('OK');
  },
);

it('a key that was taken back counts no more after a reload, though nobody brought the new one', async () => {
  const ca = throwawayCa({ trustDomain: 'acme.test' });
  const outsider = await startOutsider(ca, 'ES256');
  trustWeb(outsider.web);
  const agent = await scriptedAgent((socket) => void socket.write(OK));
  const w = await world({ ca, policy: outsiderPolicy(outsider), upstream: agent.upstream });
  const old = await outsider.onBehalf(w.as('planner'));
  expect((await callWith(w, '/for-alice', old)).status).toBe(200);
  outsider.rotate();
  expect((await callWith(w, '/for-alice', old)).status).toBe(200);
  const before = outsider.asked;

  w.sidecar.reload();
  await until(() => outsider.asked > before || undefined);
  await until(async () => (await callWith(w, '/for-alice', old)).status !== 200 || undefined);
  expect((await callWith(w, '/for-alice', old)).json().code).toBe('TOKEN_UNTRUSTED');
});
