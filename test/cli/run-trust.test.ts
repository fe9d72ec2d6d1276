import { expect, test } from 'vitest';
import { newSandbox } from './sandbox.ts';

test('run --trust counts each time that it is given, and what is wrong with it is told', async () => {
  const box = newSandbox();
  await box.run('init', 'invoices', '--upstream', 'http://127.0.0.1:3000');
  const good = ['--trust', 'partner.test=certs/ca.crt,certs/ca.crl'];
  const now = ['--limits.start-wait', '0s'];
  const missing = await box.run('run', ...now, ...good, '--trust', 'other.test=nowhere.pem');
  expect(missing.code).toBe(2);
  expect(missing.err).toContain('cannot read the roots of other.test nowhere.pem');
  const nonsense = await box.run('run', ...good, '--trust', 'Other Test=certs/ca.crt');
  expect(nonsense.code).toBe(2);
  expect(nonsense.err).toMatch(/^--trust: /);
});
