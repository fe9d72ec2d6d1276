import { spawnSync } from 'node:child_process';
import { rmSync, statSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { handSignals, isClearFault, newSandbox } from './sandbox.ts';

const HOUR = 3_600_000;

async function withCa() {
  const box = newSandbox();
  expect((await box.run('ca', 'init')).code).toBe(0);
  return box;
}

test('ca init and ca mint make what openssl accepts, and say what to do next', async () => {
  const box = newSandbox();
  const init = await box.bin('ca', 'init', '--trust-domain', 'acme.test');
  expect(init).toMatchObject({ code: 0, err: '' });
  expect(init.out).toContain('Made a certificate authority for acme.test:\n  certs/ca.crt');
  expect(init.out).toContain('Next: sidegate ca mint NAME\n');
  const mint = await box.bin('ca', 'mint', 'billing', '--dns', 'localhost', '--ip', '127.0.0.1');
  expect(mint.out).toContain('Minted spiffe://acme.test/agent/billing:');
  expect(mint.out).toContain('sidegate call billing GET /\n');
  const verify = ['verify', '-CAfile', box.file('certs/ca.crt'), box.file('certs/billing.crt')];
  expect(spawnSync('openssl', verify).status).toBe(0);
  expect(statSync(box.file('certs/billing.key')).mode & 0o777).toBe(0o600);
});

test('what is proposed next means the same folder', async () => {
  const box = newSandbox();
  expect((await box.run('ca', 'init', '--dir', 'pki')).out).toContain('ca mint NAME --dir pki\n');
  const { out } = await box.run(
    'ca',
    'mint',
    'billing',
    '--dir',
    'pki',
    '--id',
    'spiffe://acme.test/x',
  );
  expect(out).toContain('Minted spiffe://acme.test/x:');
  expect(out).toContain('ca renew --dir pki');
});

test('ca list shows every certificate with its state, and what is broken with its remedy', async () => {
  const box = await withCa();
  for (const name of ['billing', 'planner', 'half']) await box.run('ca', 'mint', name);
  await box.run('ca', 'revoke', 'planner');
  box.write('certs/half.key', 'garbled');
  const { code, out } = await box.run('ca', 'list');
  expect(code).toBe(0);
  const cells = out.split('\n').map((line) => line.split(/ {2,}/));
  expect(cells[0]).toEqual(['NAME', 'STATE', 'ENDS', 'SPIFFE ID', 'SERIAL']);
  expect(cells[2]?.slice(0, 3)).toEqual(['billing', 'valid', 'in 24 hours']);
  expect(cells[3]).toEqual(['half', 'broken', '-', '-', '-']);
  expect(cells[4]?.slice(0, 2)).toEqual(['planner', 'revoked']);
  expect(out).toMatch(
    /^half: certs\/half\.key is not a private key in PEM\n {2}Run: sidegate ca renew$/m,
  );
});

test('ca show tells everything of one certificate', async () => {
  const box = await withCa();
  await box.run('ca', 'mint', 'billing', '--dns', 'localhost', '--ttl', '1h');
  const { out } = await box.run('ca', 'show', 'billing');
  expect(out).toMatch(/^SPIFFE ID {4}spiffe:\/\/acme\.test\/agent\/billing$/m);
  expect(out).toMatch(/^hosts {8}localhost$/m);
  expect(out).toMatch(/^valid until {2}.* UTC \(in 60 minutes\)$/m);
});

test('ca revoke says what it revoked, and that doing so again is nothing new', async () => {
  const box = await withCa();
  await box.run('ca', 'mint', 'billing');
  const first = await box.run('ca', 'revoke', 'billing', '--reason', 'keyCompromise');
  expect(first.out).toMatch(/^Revoked 1 certificate of billing:\n {2}[0-9A-F]{34}\n/);
  expect((await box.run('ca', 'revoke', 'billing')).out).toContain('Nothing to do');
});

describe('ca renew', () => {
  const later = (hours: number) => ({ now: () => Date.now() + hours * HOUR });

  test('renews what is due, and nothing else', async () => {
    const box = await withCa();
    await box.run('ca', 'mint', 'billing');
    expect((await box.run('ca', 'renew')).out).toBe('Nothing is due.\n');
    const { code, out } = await box.runWith(later(20), 'ca', 'renew');
    expect(code).toBe(0);
    expect(out).toMatch(/^Renewed billing, now until .* \(in 24 hours\)\n$/);
  });

  test('names what is revoked and therefore stays as it is', async () => {
    const box = await withCa();
    await box.run('ca', 'mint', 'billing');
    await box.run('ca', 'revoke', 'billing');
    const { out } = await box.runWith(later(20), 'ca', 'renew');
    expect(out).toContain('Not renewed: billing, because its certificate is revoked');
  });

  test('tells what stood in the way of one, and ends with 1', async () => {
    const box = await withCa();
    await box.run('ca', 'mint', 'billing');
    rmSync(box.file('certs/billing.key'));
    box.mkdir('certs/billing.key');
    const ran = await box.run('ca', 'renew');
    expect(ran.code).toBe(1);
    expect(ran.err).toContain('billing.key');
    expect(isClearFault(ran)).toBe(true);
  });

  test('--watch goes on until Ctrl-C, then ends cleanly and leaves no listener', async () => {
    const box = await withCa();
    await box.run('ca', 'mint', 'billing');
    const signals = handSignals();
    const watching = box.runWith({ ...later(20), signals }, 'ca', 'renew', '--watch');
    while (signals.listening() === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    signals.send('SIGINT');
    const { code, out, err } = await watching;
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/^Watching certs; stop with Ctrl-C\.\nRenewed billing/);
    expect(signals.listening()).toBe(0);
  });

  test('--watch does not wait for a CA to appear', async () => {
    const ran = await newSandbox().run('ca', 'renew', '--watch');
    expect(ran.code).toBe(2);
    expect(isClearFault(ran)).toBe(true);
  });
});
