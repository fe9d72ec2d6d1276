import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { POLICY, until, world } from '../support/harness.ts';

const WITHOUT_PLANNER = POLICY.replace('  planner: [invoices:read]\n', '');
const DISABLED = POLICY.replace(
  'planner: [invoices:read]',
  'planner: { scopes: [invoices:read], disabled: true }',
);
const WITHOUT_SCOPE = POLICY.replace('planner: [invoices:read]', 'planner: []');
const WITHOUT_ROUTE = POLICY.replace('  GET /events: [invoices:read]\n', '');

describe('a reload ends the streams whose right has ended, with their code, and no other', () => {
  it.each([
    ['the agent is gone', WITHOUT_PLANNER, 'UNKNOWN_AGENT'],
    ['the kill switch', DISABLED, 'AGENT_DISABLED'],
    ['the scope is gone', WITHOUT_SCOPE, 'SCOPE_MISSING'],
    ['the route is gone', WITHOUT_ROUTE, 'NO_ROUTE'],
  ])('%s', async (_, policy, code) => {
    const w = await world({ policy: POLICY.replace('GET /download: [', 'GET /download: [') });
    const stream = await w.open({ as: 'planner', path: '/events?every=60000' });
    const other = await w.open({ as: 'billing', path: '/download?bytes=100000000000' });
    const broken = stream.toArray();
    w.write('policy.yaml', policy);
    w.sidecar.reload();
    await expect(broken).rejects.toThrow('aborted');
    const [line] = await w.ended(1);
    expect(line).toMatchObject({ code, how: 'cut', agent: 'planner' });
    expect(other.destroyed).toBe(false);
    other.destroy();
    await w.ended(2);
  });

  it('the certificate ends', async () => {
    const w = await world();
    const short = w.issue({
      id: 'spiffe://acme.test/agent/planner',
      notAfter: Math.floor(Date.now() / 1000) * 1000 + 2000,
    });
    const stream = await w.open({ as: short, path: '/events?every=60000' });
    await expect(stream.toArray()).rejects.toThrow('aborted');
    const [line] = await w.ended(1);
    expect(line).toMatchObject({ code: 'CERTIFICATE_EXPIRED', how: 'cut' });
  });
});

it('a WebSocket ends when its route no longer allows the upgrade', async () => {
  const w = await world();
  const { chainPem: cert, keyPem: key } = w.as('planner');
  const url = `wss://127.0.0.1:${w.port}/socket`;
  const socket = new WebSocket(url, { ca: w.ca.certPem, cert, key });
  socket.on('error', () => undefined);
  await once(socket, 'open');
  w.write('policy.yaml', POLICY.replace(', upgrade: websocket', ''));
  w.sidecar.reload();
  await once(socket, 'close');
  const [line] = await w.ended(1);
  expect(line).toMatchObject({ code: 'UPGRADE_NOT_ALLOWED', how: 'cut', status: 101 });
});

it('a policy that does not load leaves the old one in force, and says so everywhere', async () => {
  const w = await world();
  w.write('policy.yaml', `${POLICY}  GET /invoices: []\n`);
  w.sidecar.reload();
  expect((await w.call({ as: 'planner', path: '/invoices' })).status).toBe(200);
  expect(w.log()).toMatch(
    /policy could not be loaded, the old stays in force: .*policy\.yaml:\d+:\d+/,
  );
  await until(async () =>
    /^sidegate_policy_synchronized 0$/m.test(await w.metrics()) ? true : undefined,
  );
  w.write('policy.yaml', POLICY);
  w.sidecar.reload();
  expect(await w.metrics()).toMatch(/^sidegate_policy_synchronized 1$/m);
});

it('a changed policy is noticed without being asked', async () => {
  const w = await world();
  expect((await w.call({ as: 'planner', path: '/invoices' })).status).toBe(200);
  w.write('policy.yaml', WITHOUT_SCOPE);
  await until(async () =>
    (await w.call({ as: 'planner', path: '/invoices' })).status === 403 ? true : undefined,
  );
});
