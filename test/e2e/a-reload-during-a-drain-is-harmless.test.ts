import { expect, it } from 'vitest';
import { POLICY, until, world } from '../support/harness.ts';

it('a reload during a drain takes the new policy, cuts nothing else and ends nothing early', async () => {
  const w = await world();
  const kept = await w.open({ as: 'billing', path: '/events?every=50' });
  const cut = await w.open({ as: 'planner', path: '/events?every=50' });
  kept.resume();
  cut.on('error', () => undefined).resume();
  const drained = w.sidecar.drain();
  w.write('policy.yaml', POLICY.replace('planner: [invoices:read]', 'planner: []'));
  expect(w.sidecar.reload()).toMatchObject([{ ok: true }, { ok: true }, { ok: true }]);
  await until(() => cut.destroyed || undefined);
  expect(w.sidecar.reload()).toMatchObject([{ ok: true }, { ok: true }, { ok: true }]);
  expect(kept.destroyed).toBe(false);
  w.sidecar.stopNow();
  kept.on('error', () => undefined);
  await drained;
  const codes = (await w.ended(2)).map(({ agent, code }) => [agent, code]);
  expect(codes).toEqual(
    expect.arrayContaining([
      ['planner', 'SCOPE_MISSING'],
      ['billing', 'CUT'],
    ]),
  );
});
