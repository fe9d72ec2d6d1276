import { Agent } from 'node:https';
import { expect, it } from 'vitest';
import { until, world } from '../support/harness.ts';

it('a drain ends open calls properly, takes what comes on open connections, and then everything is closed', async () => {
  const w = await world();
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const stream = await w.open({ as: 'billing', path: '/events?every=100&count=5' });
  const drained = w.sidecar.drain();
  let events = '';
  for await (const chunk of stream) events += String(chunk);
  expect(events.match(/^event: /gm)).toHaveLength(5);
  await drained;
  agent.destroy();
  await expect(w.call({ as: 'billing', path: '/invoices' })).rejects.toThrow('ECONNREFUSED');
  expect(await w.ended(1)).toMatchObject([{ code: 'OK', how: 'complete' }]);
});

it('a second signal cuts what a drain still waits for, and the audit says so', async () => {
  const w = await world();
  const stream = await w.open({ as: 'billing', path: '/events?every=60000' });
  const cut = stream.toArray();
  const drained = w.sidecar.drain();
  w.sidecar.stopNow();
  await expect(cut).rejects.toThrow('aborted');
  await drained;
  expect(await w.ended(1)).toMatchObject([{ code: 'CUT', how: 'cut', decision: 'allow' }]);
});

it('readiness is false as soon as a drain begins', async () => {
  const w = await world();
  const { status } = w.sidecar;
  const port = status?.kind === 'tcp' ? status.port : 0;
  const ready = () => fetch(`http://127.0.0.1:${port}/readyz`);
  expect((await ready()).status).toBe(200);
  const stream = await w.open({ as: 'billing', path: '/events?every=60000' });
  const drained = w.sidecar.drain();
  const answer = await until(ready);
  expect(answer.status).toBe(503);
  expect(await answer.json()).toEqual({ ready: false, reasons: ['DRAINING'] });
  stream.on('error', () => undefined);
  w.sidecar.stopNow();
  await drained;
});
