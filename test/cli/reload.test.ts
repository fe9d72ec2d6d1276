import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { running } from './running.ts';

test('reload says what is in force now, and the new policy decides the next call', async () => {
  const { box, to } = await running();
  const policy = box.read('policy.yaml');
  box.write('policy.yaml', policy.replace(/^ {2}client: .*$/m, '  client: []'));
  const { code, out } = await box.run('reload');
  expect(code).toBe(0);
  expect(out).toMatch(/^✓ identity\n✓ trust\n✓ policy [0-9a-f]{12}\n$/);
  const denied = await box.run('call', 'client', 'GET', '/', '--to', to);
  expect(denied.code).toBe(1);
  expect(denied.out).toContain('SCOPE_MISSING');
});

test('reload --wait is reload: it answers when the new policy is in force, with its digest, or with the fault', async () => {
  const { box } = await running();
  box.write('policy.yaml', `${box.read('policy.yaml')}\n# changed\n`);
  const digest = createHash('sha256').update(box.read('policy.yaml')).digest('hex');
  const taken = await box.run('reload', '--wait', '--json');
  expect(taken.code).toBe(0);
  expect(JSON.parse(taken.out)).toMatchObject({ digest });
  const plain = await box.run('reload', '--wait');
  expect(plain.out).toContain(`✓ policy ${digest.slice(0, 12)}\n`);
  box.write('policy.yaml', 'routes: [');
  const refused = await box.run('reload', '--wait');
  expect(refused.code).toBe(1);
  expect(refused.out).toContain('✗ policy: the old stays in force: policy.yaml:');
});

test('reload of a broken policy ends with 1, says where it is broken, and the old one decides on', async () => {
  const { box, to } = await running();
  box.write('policy.yaml', `${box.read('policy.yaml')}\nnonsense: true\n`);
  const { code, out } = await box.run('reload');
  expect(code).toBe(1);
  expect(out).toMatch(
    /✗ policy: the old stays in force: policy\.yaml:\d+:1: unknown key 'nonsense'/,
  );
  expect((await box.run('call', 'client', 'GET', '/', '--to', to)).code).toBe(0);
  const { out: json } = await box.run('reload', '--json');
  expect(JSON.parse(json)).toMatchObject({ reloaded: [{ ok: true }, { ok: true }, { ok: false }] });
});
