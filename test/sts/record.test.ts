import { readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { until } from '../support/harness.ts';
import { idOf, thumbprintOf, tokenOf, stsWorld } from '../support/sts-world.ts';

test('every grant and every refusal is one line of the audit and one of the metric, and no token is in either', async () => {
  const world = await stsWorld();
  const subject = await world.foreign('keycloak', {});
  const first = tokenOf(
    await world.exchange('planner', subject, { audience: idOf('billing'), scope: 'invoices:read' }),
  );
  await world.exchange('thief', first, { audience: idOf('billing'), scope: 'invoices:read' });
  await world.own('portal', { audience: idOf('planner'), scope: 'refunds:write' });
  const own = tokenOf(
    await world.own('portal', { audience: idOf('planner'), scope: 'invoices:read' }),
  );
  await world.own('retired', { audience: idOf('billing'), scope: 'invoices:read' });
  await world.ask({ as: 'portal', form: `grant_type=${first}` });
  const lines = await world.audit();
  expect(lines.map(({ grant, decision, code, agent }) => [grant, decision, code, agent])).toEqual([
    ['token-exchange', 'allow', 'OK', 'planner'],
    ['token-exchange', 'deny', 'invalid_request', 'thief'],
    ['client_credentials', 'deny', 'invalid_scope', 'portal'],
    ['client_credentials', 'allow', 'OK', 'portal'],
    ['none', 'deny', 'invalid_client', 'retired'],
    ['none', 'deny', 'invalid_request', 'portal'],
  ]);
  const { serial } = world.as('portal');
  expect(lines[3]).toMatchObject({
    certSerial: serial.toLowerCase(),
    spiffeId: idOf('portal'),
    subject: idOf('portal'),
  });
  const everything = world.log() + readFileSync(join(world.folder, 'audit.jsonl'), 'utf8');
  for (const token of [subject, first, own]) {
    const [, payload = '', signature = ''] = token.split('.');
    expect(everything).not.toContain(payload);
    expect(everything).not.toContain(signature);
  }
  expect(everything).not.toContain(thumbprintOf(world.as('portal')));
  const metrics = await world.metrics();
  expect(metrics).toContain(
    'sidegate_tokens_total{grant="token-exchange",decision="deny",code="invalid_request"} 1',
  );
  expect(metrics).toContain(
    'sidegate_tokens_total{grant="client_credentials",decision="allow",code="OK"} 1',
  );
});

test('what cannot be recorded is not granted', async () => {
  const world = await stsWorld();
  const file = join(world.folder, 'audit.jsonl');
  renameSync(file, join(world.folder, 'kept'));
  symlinkSync('/dev/full', file);
  world.server.reload();
  const ask = () => world.own('portal', { audience: idOf('planner'), scope: 'invoices:read' });
  const refused = await until(async () => {
    const answer = await ask();
    return answer.status === 200 ? undefined : answer;
  });
  expect({ status: refused.status, body: refused.body }).toEqual({
    ...{ status: 503, body: { error: 'temporarily_unavailable' } },
  });
  rmSync(file);
  world.server.reload();
  await until(async () => ((await ask()).status === 200 ? true : undefined));
});
