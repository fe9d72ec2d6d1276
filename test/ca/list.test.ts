import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { listCertificates, mint, renew, revoke, showCertificate } from '../../src/ca/index.ts';
import { throwawayCa } from '../support/pki.ts';
import { DAY, HOUR, newCa, newFolder, openssl } from './sandbox.ts';

describe('list says of every certificate how it is', () => {
  test('valid, expiring, expired, not yet valid, revoked, broken or foreign', () => {
    const { folder, now, ca, clock, file } = newCa();
    const from = (begin: number, end: number) => ({
      validity: { notBefore: clock.at + begin, notAfter: clock.at + end },
    });
    mint(ca, { name: 'valid' });
    mint(ca, { name: 'expiring', ...from(-9 * HOUR, HOUR) });
    mint(ca, { name: 'expired', ...from(-2 * HOUR, -HOUR) });
    mint(ca, { name: 'future', ...from(HOUR, 2 * HOUR) });
    mint(ca, { name: 'revoked' });
    mint(ca, { name: 'broken' });
    revoke(ca, { target: 'revoked' });
    rmSync(file('broken.key'));
    writeFileSync(file('foreign.crt'), throwawayCa({ trustDomain: 'other.test' }).certPem);
    const states = listCertificates({ folder, now }).map(({ name, state }) => [name, state]);
    expect(Object.fromEntries(states)).toEqual({
      ca: 'valid',
      valid: 'valid',
      expiring: 'expiring',
      expired: 'expired',
      future: 'not yet valid',
      revoked: 'revoked',
      broken: 'broken',
      foreign: 'foreign',
    });
  });

  test('the CA first, and broken with a remedy if it cannot sign', () => {
    const { folder, now, ca, file } = newCa();
    mint(ca, { name: 'billing' });
    rmSync(file('ca.key'));
    const [first, second] = listCertificates({ folder, now });
    expect(first).toMatchObject({ name: 'ca', state: 'broken' });
    expect(first?.problem?.remedy).toContain('Restore ca.key');
    expect(second).toMatchObject({ name: 'billing', state: 'valid' });
  });

  test('an empty folder has no CA, and that is said, not thrown', () => {
    const [first, ...others] = listCertificates({ folder: newFolder(), now: Date.now });
    expect(first?.problem?.remedy).toBe('Run: sidegate ca init');
    expect(others).toEqual([]);
  });
});

test('a garbled memory of one agent is reported with that agent, not thrown', () => {
  const { folder, now, ca, file } = newCa();
  const { serial } = mint(ca, { name: 'billing' });
  rmSync(file('billing.key'));
  writeFileSync(file(`issued/billing.${serial}.crt`), 'x');
  const [first, second] = listCertificates({ folder, now });
  expect(first?.state).toBe('valid');
  expect(second).toMatchObject({ name: 'billing', state: 'broken' });
});

describe('list warns', () => {
  test("of an agent's key that others may read", () => {
    const { folder, now, ca, file } = newCa();
    mint(ca, { name: 'billing' });
    chmodSync(file('billing.key'), 0o644);
    const [, billing] = listCertificates({ folder, now });
    expect(billing?.state).toBe('valid');
    expect(billing?.warnings).toEqual([expect.stringContaining('chmod 600')]);
  });

  test('of a CRL that is due', () => {
    const { folder, now, clock } = newCa();
    expect(listCertificates({ folder, now })[0]?.warnings).toEqual([]);
    clock.at += 6 * DAY;
    expect(listCertificates({ folder, now })[0]?.warnings).toEqual([
      expect.stringContaining('ca renew'),
    ]);
  });
});

test('show gives the facts that openssl gives', () => {
  const { folder, now, ca, file } = newCa();
  mint(ca, { name: 'billing', dns: ['localhost'] });
  const { certificate } = showCertificate({ folder, now, name: 'billing' });
  const { output } = openssl(
    ...['x509', '-in', file('billing.crt'), '-noout', '-serial', '-fingerprint', '-sha256'],
  );
  expect(output).toContain(`serial=${certificate!.serial}`);
  expect(output).toContain(certificate!.sha256);
  expect(certificate).toMatchObject({
    id: 'spiffe://acme.test/agent/billing',
    dns: ['localhost'],
    subject: 'O=Sidegate, CN=billing',
    issuer: 'O=Sidegate, CN=acme.test CA',
  });
});

test('show names the replaced certificates that are still good', () => {
  const { folder, now, ca, clock } = newCa();
  const { serial, notAfter } = mint(ca, { name: 'billing' });
  clock.at += 20 * HOUR;
  renew({ folder, now });
  const { earlier } = showCertificate({ folder, now, name: 'billing' });
  expect(earlier).toEqual([{ serial, notAfter, revoked: false }]);
  clock.at = notAfter;
  expect(showCertificate({ folder, now, name: 'billing' }).earlier).toEqual([]);
});

test('show answers a slip of the pen with the name', () => {
  const { folder, now, ca } = newCa();
  mint(ca, { name: 'billing' });
  expect(() => showCertificate({ folder, now, name: 'biling' })).toThrow(
    expect.objectContaining({ name: 'OperatorFault', remedy: "Did you mean 'billing'?" }),
  );
});
