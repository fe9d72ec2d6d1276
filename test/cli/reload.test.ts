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
