import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { newSandbox } from './sandbox.ts';

/** A folder as `init` leaves it, with somebody who takes connections where the agent should be. */
async function ready() {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const box = newSandbox();
  const { port } = server.address() as AddressInfo;
  await box.run('init', 'invoices', '--upstream', `http://127.0.0.1:${port}`);
  return { box, port };
}

test('check has one line for each thing that is right', async () => {
  const { box, port } = await ready();
  const { code, out, err } = await box.bin('check');
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out.split('\n')).toEqual([
    '✓ configuration  sidegate.yaml',
    '✓ identity       spiffe://acme.test/agent/invoices, its certificate ends in 24 hours',
    '✓ trust          acme.test: its root ends in 365 days, with a revocation list',
    '✓ policy         policy.yaml: 1 agent, 1 route',
    `✓ upstream       http://127.0.0.1:${port} takes connections`,
    'Ready: sidegate run',
    '',
  ]);
});

test('check tells everything that is wrong at once', async () => {
  const { box } = await ready();
  box.write('certs/invoices.key', box.read('certs/client.key'));
  box.write('policy.yaml', `${box.read('policy.yaml')}  nonsense: []\n`);
  const { code, out } = await box.run('check');
  expect(code).toBe(2);
  expect(out).toContain('✗ identity');
  expect(out).toContain('✗ policy');
  expect(out).toContain('✓ upstream');
  expect(out).toContain('2 things to mend');
});

test('what works and is probably not meant is a warning, and no reason to stop', async () => {
  const { box } = await ready();
  box.write('policy.yaml', box.read('policy.yaml').replace('GET /: [', 'GET /: [nobody:has, '));
  const env = { SIDEGATE_LIMITS_DRIAN: '1s' };
  const later = { env, now: () => Date.now() + 20 * 3_600_000 };
  const { code, out } = await box.runWith(later, 'check');
  expect(code).toBe(0);
  expect(out).toContain('! configuration  the variable SIDEGATE_LIMITS_DRIAN sets nothing');
  expect(out).toMatch(/! policy {9}policy\.yaml:\d+:\d+: no agent holds the scope 'nobody:has'/);
  expect(out).toContain('! identity       its certificate is due for renewal');
});

test('a certificate that our own roots did not issue is noticed', async () => {
  const { box } = await ready();
  await box.run('ca', 'init', '--dir', 'other');
  await box.run('ca', 'mint', 'invoices', '--dir', 'other');
  for (const end of ['crt', 'key'])
    box.write(`certs/invoices.${end}`, box.read(`other/invoices.${end}`));
  const { code, out } = await box.run('check');
  expect(code).toBe(0);
  expect(out).toContain("! identity       no root of acme.test under 'trust' issued it");
});

test('peers that take a token, and nobody to get it from, are wrong, with both places', async () => {
  const { box } = await ready();
  const peers = `peers:
  ledger: { at: 'https://ledger.acme.test:8443', authority: own, scopes: [entries:read] }
`;
  box.write('policy.yaml', box.read('policy.yaml') + peers);
  expect((await box.run('check')).code).toBe(0);
  box.write('sidegate.yaml', `${box.read('sidegate.yaml')}outbound: { listen: unix:out.sock }\n`);
  const { code, out } = await box.run('check');
  expect(code).toBe(2);
  expect(out).toMatch(/✗ policy {9}policy\.yaml:\d+:\d+: the peer ledger takes 'authority: own'/);
  expect(out).toContain("sidegate.yaml names no 'tokenService'");
});

test('check --json lists the same for scripts', async () => {
  const { box } = await ready();
  box.write('policy.yaml', 'version: 2\n');
  const { code, out } = await box.run('check', '--json');
  expect(code).toBe(2);
  const { ok, findings } = JSON.parse(out) as { ok: boolean; findings: Record<string, string>[] };
  expect(ok).toBe(false);
  const first = findings.find(({ what }) => what === 'policy');
  expect(first?.result).toBe('wrong');
  expect(first?.place).toMatch(/policy\.yaml:1:\d+$/);
});
