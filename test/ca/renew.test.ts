import { X509Certificate } from 'node:crypto';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { describe, expect, test } from 'vitest';
import { listCertificates, mint, openCa, renew, revoke } from '../../src/ca/index.ts';
import { throwawayCa } from '../support/pki.ts';
import { DAY, HOUR, MINUTE, newCa, verify } from './sandbox.ts';

const NOTHING = { renewed: [], revoked: [], failed: [] };

function certificate(path: string): X509Certificate {
  return new X509Certificate(readFileSync(path));
}

describe('an agent is renewed', () => {
  // Its whole life is a day and the minute that it was backdated.
  const third = (DAY + MINUTE) / 3;

  test('when less than a third of its life is left, and not a second before', () => {
    const { folder, clock, now, ca } = newCa();
    const { notAfter } = mint(ca, { name: 'billing' });
    clock.at = notAfter - third;
    expect(renew({ folder, now })).toEqual(NOTHING);
    clock.at += 1000;
    expect(renew({ folder, now }).renewed).toEqual([
      { what: 'agent', name: 'billing', why: 'due', notAfter: clock.at + DAY },
    ]);
    expect(renew({ folder, now })).toEqual(NOTHING);
  });

  test('with the same ID, names and length of life, and a new key', () => {
    const { folder, clock, now, ca, file } = newCa();
    mint(ca, { name: 'billing', dns: ['localhost'], ip: ['127.0.0.1', '::1'], life: 2 * HOUR });
    const before = certificate(file('billing.crt'));
    clock.at += 90 * MINUTE;
    renew({ folder, now });
    const after = certificate(file('billing.crt'));
    expect(after.subjectAltName).toBe(before.subjectAltName);
    expect(after.subject).toBe(before.subject);
    expect(after.serialNumber).not.toBe(before.serialNumber);
    expect(after.publicKey.equals(before.publicKey)).toBe(false);
    expect(after.validToDate.getTime()).toBe(clock.at + 2 * HOUR);
    expect(statSync(file('billing.key')).mode & 0o777).toBe(0o600);
    expect(verify(folder, 'billing', clock.at).ok).toBe(true);
  });

  test('without a Subject, if it had none', () => {
    const { folder, clock, now, ca, file } = newCa();
    mint(ca, { name: 'billing', subject: 'empty' });
    clock.at += DAY;
    expect(renew({ folder, now }).renewed).toHaveLength(1);
    expect(certificate(file('billing.crt')).subject).toBeUndefined();
    expect(verify(folder, 'billing', clock.at).ok).toBe(true);
  });

  test('also long after it expired', () => {
    const { folder, clock, now, ca } = newCa();
    mint(ca, { name: 'billing' });
    clock.at += 40 * DAY;
    expect(renew({ folder, now }).renewed).toContainEqual(
      expect.objectContaining({ name: 'billing', why: 'due' }),
    );
    expect(verify(folder, 'billing', clock.at).ok).toBe(true);
  });

  test('but not if it is revoked, however long ago', () => {
    const { folder, clock, now, ca } = newCa();
    mint(ca, { name: 'billing' });
    revoke(ca, { target: 'billing' });
    for (const later of [DAY, 40 * DAY, 100 * DAY]) {
      clock.at = ca.facts.notBefore + later;
      const report = renew({ folder, now });
      expect(report.revoked).toEqual(['billing']);
      expect(report.renewed.filter(({ what }) => what === 'agent')).toEqual([]);
    }
  });
});

test('the CA is renewed with its own key, so that what it signed still verifies', () => {
  const { folder, clock, now, ca, file } = newCa();
  const { serial } = mint(ca, { name: 'billing', life: 300 * DAY });
  const before = certificate(file('ca.crt'));
  clock.at += 250 * DAY;
  const what = renew({ folder, now }).renewed.map((one) => one.what);
  expect(what).toEqual(['ca', 'agent', 'crl']);
  const after = certificate(file('ca.crt'));
  expect(after.publicKey.equals(before.publicKey)).toBe(true);
  expect(after.subject).toBe(before.subject);
  expect(after.serialNumber).not.toBe(before.serialNumber);
  expect(after.validToDate.getTime()).toBe(clock.at + 365 * DAY);
  expect(verify(folder, 'ca', clock.at).ok).toBe(true);
  writeFileSync(file('old.crt'), readFileSync(file(`issued/billing.${serial}.crt`)));
  expect(verify(folder, 'old', clock.at).ok).toBe(true);
});

test('a CA that has expired can still be renewed', () => {
  const { folder, clock, now, ca } = newCa();
  mint(ca, { name: 'billing' });
  clock.at += 500 * DAY;
  renew({ folder, now });
  expect(verify(folder, 'billing', clock.at).ok).toBe(true);
});

describe('the CRL is made anew', () => {
  test('when less than a third of its week is left', () => {
    const { folder, clock, now } = newCa();
    clock.at += 4.6 * DAY;
    expect(renew({ folder, now })).toEqual(NOTHING);
    clock.at += 0.1 * DAY;
    expect(renew({ folder, now }).renewed).toMatchObject([{ what: 'crl' }]);
    expect(verify(folder, 'ca', clock.at + 6.9 * DAY).ok).toBe(true);
  });

  test.each([
    ['it is missing', (path: string) => rmSync(path)],
    ['it is another one', (path: string) => writeFileSync(path, 'old')],
  ])('when %s', (_, damage) => {
    const { folder, now, clock, file } = newCa();
    damage(file('ca.crl'));
    expect(renew({ folder, now }).renewed).toMatchObject([{ what: 'crl' }]);
    expect(verify(folder, 'ca', clock.at).ok).toBe(true);
  });

  test('when a revocation was recorded but the process died before it was published', () => {
    const { folder, now, clock, ca, file } = newCa();
    mint(ca, { name: 'billing' });
    const [crl, state] = [readFileSync(file('ca.crl')), readFileSync(file('issued/crl.json'))];
    revoke(ca, { target: 'billing' });
    writeFileSync(file('ca.crl'), crl);
    writeFileSync(file('issued/crl.json'), state);
    expect(verify(folder, 'billing', clock.at).ok).toBe(true);
    renew({ folder, now });
    expect(verify(folder, 'billing', clock.at).output).toContain('certificate revoked');
  });
});

describe('a half-written agent is named by list and made whole by renew', () => {
  const { certPem, keyPem } = throwawayCa({ trustDomain: 'acme.test' }).issue();
  const damages: readonly [string, (file: (name: string) => string) => void][] = [
    ['killed between key and certificate', (file) => writeFileSync(file('billing.key'), keyPem)],
    ['the certificate is missing', (file) => rmSync(file('billing.crt'))],
    ['the key is missing', (file) => rmSync(file('billing.key'))],
    ['the key is garbled', (file) => writeFileSync(file('billing.key'), 'x')],
    ['the key is empty', (file) => writeFileSync(file('billing.key'), '')],
    ['the certificate is garbled', (file) => writeFileSync(file('billing.crt'), 'x')],
    ['the certificate is not of this key', (file) => writeFileSync(file('billing.crt'), certPem)],
  ];
  test.each(damages)('%s', (_, damage) => {
    const { folder, clock, now, ca, file } = newCa();
    mint(ca, { name: 'billing', dns: ['localhost'] });
    damage(file);
    const broken = listCertificates({ folder, now })[1];
    expect(broken?.state).toBe('broken');
    expect(broken?.problem?.message).toContain('billing.');
    expect(broken?.problem?.remedy).toBe('Run: sidegate ca renew');
    expect(renew({ folder, now }).renewed).toEqual([
      { what: 'agent', name: 'billing', why: 'broken', notAfter: clock.at + DAY },
    ]);
    expect(listCertificates({ folder, now })[1]).toMatchObject({
      state: 'valid',
      certificate: { id: 'spiffe://acme.test/agent/billing', dns: ['localhost'] },
    });
    expect(verify(folder, 'billing', clock.at).ok).toBe(true);
  });

  test('but not if it was revoked', () => {
    const { folder, now, ca, file } = newCa();
    mint(ca, { name: 'billing' });
    revoke(ca, { target: 'billing' });
    rmSync(file('billing.crt'));
    expect(renew({ folder, now })).toEqual({ ...NOTHING, revoked: ['billing'] });
  });
});

test('what the CA did not issue is left alone', () => {
  const { folder, clock, now, file } = newCa();
  const other = throwawayCa({ trustDomain: 'acme.test' });
  const { certPem, keyPem } = other.issue();
  writeFileSync(file('spire.crt'), certPem);
  writeFileSync(file('spire.key'), keyPem);
  writeFileSync(file('partner-roots.crt'), other.certPem);
  clock.at += 3 * DAY;
  expect(renew({ folder, now })).toEqual(NOTHING);
  expect(readFileSync(file('spire.crt'), 'utf8')).toBe(certPem);
  expect(readdirSync(folder)).not.toContain('partner-roots.key');
});

test('what stands in the way of one agent does not stop the others', () => {
  const { folder, clock, now, ca, file } = newCa();
  for (const name of ['a', 'b']) mint(ca, { name });
  rmSync(file('a.key'));
  mkdirSync(file('a.key'));
  clock.at += DAY;
  const report = renew({ folder, now });
  expect(report.failed).toMatchObject([{ name: 'a', fault: { name: 'OperatorFault' } }]);
  expect(report.renewed).toMatchObject([{ name: 'b' }]);
});

test('a garbled copy of a certificate is told, and everything else is renewed', () => {
  const { folder, clock, now, ca, file } = newCa();
  const { serial } = mint(ca, { name: 'a' });
  mint(ca, { name: 'b' });
  writeFileSync(file(`issued/a.${serial}.crt`), 'x');
  clock.at += DAY;
  const report = renew({ folder, now });
  expect(report.renewed).toMatchObject([{ name: 'b' }]);
  expect(report.failed[0]).toMatchObject({ name: 'a', fault: { name: 'OperatorFault' } });
});

test('certificates that expired long ago are forgotten, but never the newest of a name', () => {
  const { folder, clock, now, ca, file } = newCa();
  mint(ca, { name: 'billing' });
  mint(ca, { name: 'gone' });
  for (let day = 0; day < 30; day++) {
    clock.at += DAY;
    renew({ folder, now });
    if (day === 3) for (const ending of ['crt', 'key']) rmSync(file(`gone.${ending}`));
  }
  const kept = readdirSync(file('issued')).map((name) => name.split('.')[0]);
  expect(kept.filter((name) => name === 'billing').length).toBeLessThanOrEqual(9);
  expect(kept.filter((name) => name === 'gone')).toHaveLength(1);
});

test('a CA key that others may read stops every signature', () => {
  const { folder, now, file } = newCa();
  chmodSync(file('ca.key'), 0o640);
  expect(() => renew({ folder, now })).toThrow('other users may read');
  expect(() => openCa({ folder, now })).toThrow('other users may read');
});
