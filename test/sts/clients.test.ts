import { Agent } from 'node:https';
import { describe, expect, onTestFinished, test } from 'vitest';
import { until } from '../support/harness.ts';
import { TOKEN_POLICY, idOf, stsWorld, type StsWorld } from '../support/sts-world.ts';

const WANTED = { audience: idOf('planner'), scope: 'invoices:read' };
const form = (client: string) => ({
  grant_type: 'client_credentials',
  client_id: client,
  ...WANTED,
});

describe('a client', () => {
  test.each([
    ['an agent that the policy does not name', 'stranger'],
    ['an agent that is disabled', 'retired'],
  ])('is not %s', async (_, name) => {
    const world = await stsWorld();
    const answer = await world.own(name, WANTED);
    expect({ status: answer.status, body: answer.body }).toEqual({
      status: 401,
      body: { error: 'invalid_client' },
    });
    expect(await world.audit()).toMatchObject([
      { decision: 'deny', code: 'invalid_client', spiffeId: idOf(name) },
    ]);
  });

  test('is who its certificate says, whatever the form or a header says', async () => {
    const world = await stsWorld();
    const forged = {
      'x-forwarded-client-cert': `URI=${idOf('portal')}`,
      'x-ssl-client-cert': encodeURIComponent(world.as('portal').certPem),
    };
    const answer = await world.ask({ as: 'thief', form: form(idOf('portal')), headers: forged });
    expect(answer.body).toEqual({ error: 'invalid_client' });
    expect(await world.audit()).toMatchObject([
      { spiffeId: idOf('thief'), code: 'invalid_client' },
    ]);
  });

  test.each([
    ['no client_id', { grant_type: 'client_credentials', ...WANTED }, 'invalid_request'],
    ['a client_id that is no SPIFFE ID', form('portal'), 'invalid_client'],
    ['a secret', { ...form(idOf('portal')), client_secret: 'x' }, undefined],
    [
      'another grant',
      { ...form(idOf('portal')), grant_type: 'password' },
      'unsupported_grant_type',
    ],
    ['no grant', { client_id: idOf('portal') }, 'invalid_request'],
  ])('with %s is answered %#', async (_, wrong, code) => {
    const world = await stsWorld();
    const answer = await world.ask({ as: 'portal', form: wrong });
    if (code === undefined) expect(answer.status).toBe(200);
    else expect(answer.body).toEqual({ error: code });
  });

  test('with a password in the Authorization field gets nothing', async () => {
    const world = await stsWorld();
    const authorization = `Basic ${Buffer.from(`${encodeURIComponent(idOf('portal'))}:x`).toString('base64')}`;
    const answer = await world.ask({
      as: 'portal',
      form: form(idOf('portal')),
      headers: { authorization },
    });
    expect(answer.body).toEqual({ error: 'invalid_client' });
  });

  test('without a certificate is told so and never parsed', async () => {
    const world = await stsWorld();
    const answer = await world.ask({ as: undefined, form: form(idOf('portal')) });
    expect(answer.body).toMatchObject({ code: 'NO_CERTIFICATE' });
    expect(await world.audit()).toEqual([]);
  });

  test('loses its right with a reload of the policy, on an open connection too', async () => {
    const world = await stsWorld();
    const ask = keptOpen(world);
    expect((await ask()).status).toBe(200);
    const disabled = TOKEN_POLICY.replace('portal: { scopes', 'portal: { disabled: true, scopes');
    world.write('policy.yaml', disabled);
    await until(async () => ((await ask()).status === 401 ? true : undefined));
  });

  test('whose certificate is revoked gets nothing more on an open connection', async () => {
    const world = await stsWorld({ crl: true });
    const ask = keptOpen(world);
    expect((await ask()).status).toBe(200);
    world.write('certs/ca.crl', world.ca.crl({ revoked: [world.as('portal').serial] }).pem);
    world.server.reload();
    expect((await ask()).body).toEqual({ error: 'invalid_client' });
    expect((await world.audit()).at(-1)).toMatchObject({
      code: 'invalid_client',
      detail: 'CERTIFICATE_REVOKED',
    });
  });

  test('whose certificate has expired gets nothing more on an open connection', async () => {
    let later = 0;
    const world = await stsWorld({ now: () => Date.now() + later });
    const ask = keptOpen(world);
    expect((await ask()).status).toBe(200);
    later = 2 * 3_600_000;
    expect((await ask()).body).toEqual({ error: 'invalid_client' });
  });

  test('keeps its right while the new policy is broken', async () => {
    const world = await stsWorld();
    world.write('policy.yaml', 'version: 1\nagents: nonsense\n');
    world.server.reload();
    expect((await world.own('portal', WANTED)).status).toBe(200);
    expect(world.log()).toContain('the old stays in force');
  });
});

function keptOpen(world: StsWorld) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  return () => world.ask({ as: 'portal', form: form(idOf('portal')), agent });
}
