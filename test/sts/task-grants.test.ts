import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { adminCall } from '../../src/status/index.ts';
import { runIn } from '../cli/sandbox.ts';
import {
  EXCHANGE,
  STS,
  TOKEN_POLICY,
  claimsOf,
  idOf,
  tokenOf,
  stsWorld,
  type StsWorld,
} from '../support/sts-world.ts';

const TASK_GRANT = 'urn:sidegate:token-type:task-grant';
const WANTED = { audience: idOf('billing'), scope: 'invoices:read' };

async function register(
  world: StsWorld,
  form: Readonly<Record<string, string>> = {},
  as = 'planner',
) {
  const token = await world.foreign('keycloak', {});
  const base = { task: 'invoice-run-7', subject_token: token, ...WANTED };
  return world.ask({ as, path: '/grants', form: { ...base, ...form } });
}

function renew(
  world: StsWorld,
  grant: unknown,
  as = 'planner',
  form: Readonly<Record<string, string>> = WANTED,
) {
  const subject = { subject_token: String(grant), subject_token_type: TASK_GRANT };
  return world.ask({
    as,
    form: { grant_type: EXCHANGE, client_id: idOf(as), ...subject, ...form },
  });
}

describe('a task grant', () => {
  test('renews after the subject token has ended, and says for whom and through whom', async () => {
    let later = 0;
    const world = await stsWorld({ now: () => Date.now() + later });
    const exp = Math.floor(Date.now() / 1000) + 60;
    const subject_token = await world.foreign('keycloak', { exp });
    const registered = await register(world, { subject_token });
    expect({ status: registered.status, body: registered.body }).toMatchObject({
      ...{ status: 201, body: { expires_in: 3600, scope: 'invoices:read' } },
    });
    later = 10 * 60_000;
    expect((await world.exchange('planner', subject_token, WANTED)).status).toBe(400);
    const answer = await renew(world, registered.body.grant);
    expect(answer.body).toMatchObject({ expires_in: 300, scope: 'invoices:read' });
    const act = (name: string) => ({ iss: STS, sub: idOf(name) });
    expect(claimsOf(tokenOf(answer))).toMatchObject({
      ...{ sub: 'keycloak/alice', aud: idOf('billing') },
      act: { ...act('planner'), act: act('portal') },
    });
    expect(await world.audit()).toMatchObject([
      {
        grant: 'task-grant',
        decision: 'allow',
        taskGrant: registered.body.grant,
        subject: 'keycloak/alice',
      },
      { decision: 'deny', code: 'invalid_request' },
      { grant: 'task-grant', decision: 'allow', taskGrant: registered.body.grant },
    ]);
  });

  test.each([
    ['another agent, though it is a peer', 'thief', WANTED, 'invalid_grant'],
    ['another audience', 'planner', { ...WANTED, audience: idOf('retired') }, 'invalid_target'],
    ['another scope', 'planner', { ...WANTED, scope: 'reports:daily' }, 'invalid_scope'],
  ])('is of no use to or for %s', async (_, as, form, code) => {
    const world = await stsWorld();
    const { grant } = (await register(world)).body;
    expect((await renew(world, grant, as, form)).body).toEqual({ error: code });
  });

  test('is for the audiences that it was registered with, though the client has others', async () => {
    const policy = TOKEN_POLICY.replace('peers: [billing, retired]', 'peers: [billing, ledger]');
    const world = await stsWorld({ policy });
    const { grant } = (await register(world)).body;
    expect((await renew(world, grant)).status).toBe(200);
    expect(
      (await renew(world, grant, 'planner', { ...WANTED, audience: idOf('ledger') })).body,
    ).toEqual({ error: 'invalid_target' });
  });

  test('ends with its life, which is never longer than the service allows', async () => {
    let later = 0;
    const world = await stsWorld({ now: () => Date.now() + later });
    const brief = (await register(world, { lifetime: '120' })).body;
    const long = (await register(world, { lifetime: '999999' })).body;
    expect([brief.expires_in, long.expires_in]).toEqual([120, 3600]);
    later = 100_000;
    expect((await renew(world, brief.grant)).body.expires_in).toBeLessThanOrEqual(20);
    later = 121_000;
    expect((await renew(world, brief.grant)).body).toEqual({ error: 'invalid_grant' });
  });

  test('narrows again by the policy as it is, and stops while somebody in the chain is disabled', async () => {
    const world = await stsWorld();
    const { grant } = (await register(world)).body;
    world.write(
      'policy.yaml',
      TOKEN_POLICY.replace('portal: { scopes', 'portal: { disabled: true, scopes'),
    );
    world.server.reload();
    expect((await renew(world, grant)).body).toEqual({ error: 'invalid_request' });
    world.write(
      'policy.yaml',
      TOKEN_POLICY.replace('portal: { scopes: [invoices:read, ', 'portal: { scopes: ['),
    );
    world.server.reload();
    expect((await renew(world, grant)).body).toEqual({ error: 'invalid_scope' });
  });

  test('lives on after a restart, in a file of its owner that holds no token', async () => {
    const world = await stsWorld();
    const subject_token = await world.foreign('keycloak', {});
    const { grant } = (await register(world, { subject_token })).body;
    const file = join(world.folder, 'tasks.json');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, 'utf8')).not.toContain(subject_token.split('.')[1]);
    const again = await world.again();
    expect((await renew(again, grant)).status).toBe(200);
  });

  test('that is revoked ends at once and stays so over a restart', async () => {
    const world = await stsWorld();
    const { grant } = (await register(world)).body;
    const { grant: other } = (await register(world)).body;
    const socket = join(world.folder, 'sts.sock');
    const listed = await runIn(world.folder, ['grants', 'list', '--admin', socket]);
    expect(listed.out).toContain(`${String(grant)}  ${idOf('planner')}  for keycloak/alice`);
    const revoked = await runIn(world.folder, ['grants', 'revoke', String(grant)]);
    expect(revoked).toMatchObject({ code: 0, out: `✓ ${String(grant)} is revoked\n` });
    expect((await runIn(world.folder, ['grants', 'revoke', String(grant)])).code).toBe(1);
    expect((await renew(world, grant)).body).toEqual({ error: 'invalid_grant' });
    const again = await world.again();
    expect((await renew(again, grant)).body).toEqual({ error: 'invalid_grant' });
    expect((await renew(again, other)).status).toBe(200);
    expect(await adminCall(socket, 'GET', '/grants')).toMatchObject({ grants: [{ id: other }] });
  });

  test('that its client gives back ends at once and stays so over a restart', async () => {
    const world = await stsWorld();
    const { grant } = (await register(world)).body;
    const { grant: other } = (await register(world)).body;
    const giveBack = (id: unknown, as = 'planner') =>
      world.ask({ as, method: 'DELETE', path: `/grants/${String(id)}` });
    expect(await giveBack(grant)).toMatchObject({ status: 204, text: '' });
    expect((await renew(world, grant)).body).toEqual({ error: 'invalid_grant' });
    expect((await giveBack(grant)).body).toEqual({ error: 'invalid_request' });
    const again = await world.again();
    expect((await renew(again, grant)).body).toEqual({ error: 'invalid_grant' });
    expect((await renew(again, other)).status).toBe(200);
    const ends = (await world.audit()).filter((line) => line.grant === 'task-end');
    expect(ends).toMatchObject([
      { decision: 'allow', code: 'OK', agent: 'planner', taskGrant: grant },
      { decision: 'deny', code: 'invalid_request' },
    ]);
    expect(ends[0]).toMatchObject({ subject: 'keycloak/alice' });
  });

  test('can be given back by nobody else, and all that is wrong is told alike', async () => {
    let later = 0;
    const world = await stsWorld({ now: () => Date.now() + later });
    const { grant } = (await register(world)).body;
    const { grant: brief } = (await register(world, { lifetime: '60' })).body;
    const id = String(grant);
    later = 61_000;
    const asked: readonly [string, string][] = [
      ['thief', id],
      ['billing', id],
      ['stranger', id],
      ['planner', `${id}0`],
      ['planner', id.toUpperCase()],
      ['planner', String(brief)],
      ['planner', ''],
      ['planner', `${id}/`],
      ['planner', `${id}?x`],
      ['planner', `%74${id.slice(1)}`],
    ];
    for (const [as, path] of asked) {
      const answer = await world.ask({ as, method: 'DELETE', path: `/grants/${path}` });
      expect([path, answer.status, answer.body]).toEqual([path, 400, { error: 'invalid_request' }]);
    }
    expect((await renew(world, grant)).status).toBe(200);
  });

  test('is given back by an agent that is disabled as well, but not by a certificate that is revoked', async () => {
    const world = await stsWorld({ crl: true });
    const { grant } = (await register(world)).body;
    const policy = TOKEN_POLICY.replace('planner: { scopes', 'planner: { disabled: true, scopes');
    world.write('policy.yaml', policy);
    world.server.reload();
    const serial = world.as('planner').serial;
    world.write('certs/ca.crl', world.ca.crl({ revoked: [serial] }).pem);
    world.server.reload();
    const giveBack = () =>
      world.ask({ as: 'planner', method: 'DELETE', path: `/grants/${String(grant)}` });
    await expect(giveBack()).resolves.toMatchObject({ status: 401 });
    world.write('certs/ca.crl', world.ca.crl().pem);
    world.server.reload();
    expect((await giveBack()).status).toBe(204);
  });

  test('file that is broken keeps the service from starting', async () => {
    const world = await stsWorld();
    world.write('tasks.json', '{"version":1,"grants":[{}]}');
    await expect(world.again()).rejects.toThrow('nobody knows which were revoked');
  });

  test.each([
    ['no task', { task: '' }, 'invalid_request'],
    ['no audience that is a peer', { audience: idOf('ledger') }, 'invalid_target'],
    ['no scope that is left', { scope: 'invoices:write' }, 'invalid_scope'],
    ['a broken token', { subject_token: 'abc' }, 'invalid_request'],
    ['a lifetime that is none', { lifetime: '-1' }, 'invalid_request'],
  ])('is not given for %s', async (_, form, code) => {
    const world = await stsWorld();
    const { status, body } = await register(world, form);
    expect({ status, body }).toEqual({ status: 400, body: { error: code } });
  });

  test('is not given for a stolen token, nor to an agent that is disabled', async () => {
    const world = await stsWorld();
    expect((await register(world, {}, 'thief')).body).toEqual({ error: 'invalid_request' });
    expect((await register(world, {}, 'retired')).status).toBe(401);
  });
});

test('an agent that the operator has killed gets no token, over restarts, until that is lifted', async () => {
  const world = await stsWorld();
  const socket = join(world.folder, 'sts.sock');
  const wanted = { audience: idOf('planner'), scope: 'invoices:read' };
  expect((await runIn(world.folder, ['kill', 'portal', '--admin', socket])).code).toBe(0);
  expect((await world.own('portal', wanted)).status).toBe(401);
  const subject = await world.foreign('keycloak', {});
  expect((await world.exchange('planner', subject, WANTED)).body).toEqual({
    error: 'invalid_request',
  });
  const again = await world.again();
  expect((await again.own('portal', wanted)).status).toBe(401);
  expect((await runIn(world.folder, ['kill', 'portal', '--lift', '--admin', socket])).code).toBe(0);
  expect((await again.own('portal', wanted)).status).toBe(200);
});
