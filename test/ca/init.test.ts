import { X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { initCa, openCa } from '../../src/ca/index.ts';
import { TrustDomain } from '../../src/spiffe/index.ts';
import { ACME, DAY, faultOf, newCa, newFolder, openssl, verify } from './sandbox.ts';

test('openssl verifies the new CA strictly, against its own empty CRL', () => {
  const { folder, clock } = newCa();
  expect(verify(folder, 'ca', clock.at).ok).toBe(true);
});

test('the CA is constrained to its trust domain, signs no other CA, and names the domain', () => {
  const { file } = newCa();
  const { output } = openssl('x509', '-in', file('ca.crt'), '-noout', '-text');
  expect(output).toMatch(/Name Constraints: critical\s+Permitted:\s+URI:acme\.test\n/);
  expect(output).toMatch(/Basic Constraints: critical\s+CA:TRUE, pathlen:0\n/);
  expect(output).toMatch(/Key Usage: critical\s+Certificate Sign, CRL Sign\n/);
  expect(output).toMatch(/Alternative Name: \s+URI:spiffe:\/\/acme\.test\n/);
  expect(output).toContain('X509v3 Subject Key Identifier');
  expect(output).toContain('ecdsa-with-SHA256');
  expect(output).toContain('NIST CURVE: P-256');
});

test('the CA lives a year, or as long as it is told', () => {
  const { ca, clock } = newCa();
  expect(ca.facts.notAfter).toBe(clock.at + 365 * DAY);
  expect(newCa({ at: clock.at, life: 2 * DAY }).ca.facts.notAfter).toBe(clock.at + 2 * DAY);
});

test('the CA key is PKCS#8 PEM that only its owner may read, and nothing else lies about', () => {
  const { folder, file } = newCa();
  expect(statSync(file('ca.key')).mode & 0o777).toBe(0o600);
  expect(readFileSync(file('ca.key'), 'utf8')).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
  expect(readdirSync(folder)).toEqual(['ca.crl', 'ca.crt', 'ca.key', 'issued']);
});

test('a long trust domain gives a Subject that RFC 5280 allows', () => {
  const folder = newFolder();
  const trustDomain = TrustDomain.parse(`${'a'.repeat(200)}.test`);
  initCa({ folder, trustDomain, now: Date.now });
  expect(verify(folder, 'ca', Date.now()).ok).toBe(true);
  const { subject } = new X509Certificate(readFileSync(join(folder, 'ca.crt')));
  expect(/CN=(.*)/.exec(subject)?.[1]?.length).toBe(64);
});

test('a trust domain that a name constraint would read as "every host below" is refused', () => {
  const make = () =>
    initCa({ folder: newFolder(), trustDomain: TrustDomain.parse('.acme.test'), now: Date.now });
  expect(make).toThrow('begins with a dot');
});

describe('what is there is never overwritten', () => {
  test('a CA', () => {
    const { folder, file, now } = newCa();
    const before = readFileSync(file('ca.key'), 'utf8');
    expect(() => initCa({ folder, trustDomain: ACME, now })).toThrow(
      'holds a certificate authority',
    );
    expect(readFileSync(file('ca.key'), 'utf8')).toBe(before);
  });

  test.each(['ca.key', 'ca.crt', 'ca.crl', 'issued'])('a %s that was left behind', (name) => {
    const folder = newFolder();
    writeFileSync(join(folder, name), 'mine');
    expect(() => initCa({ folder, trustDomain: ACME, now: Date.now })).toThrow(
      `left of a certificate`,
    );
    expect(readFileSync(join(folder, name), 'utf8')).toBe('mine');
    expect(readdirSync(folder)).toEqual([name]);
  });
});

describe('a CA that is not whole is refused, with a remedy', () => {
  const damages: readonly [string, (file: (name: string) => string) => void, RegExp][] = [
    [
      'there is none',
      (file) => ['ca.crt', 'ca.key'].forEach((one) => rmSync(file(one))),
      /there is no cert/,
    ],
    ['its key is missing', (file) => rmSync(file('ca.key')), /ca\.crt is there without .*ca\.key/],
    [
      'its certificate is missing',
      (file) => rmSync(file('ca.crt')),
      /ca\.key is there without .*ca\.crt/,
    ],
    [
      'its memory is missing',
      (file) => rmSync(file('issued'), { recursive: true }),
      /crl\.json is missing/,
    ],
    [
      'its key is garbled',
      (file) => writeFileSync(file('ca.key'), 'no'),
      /ca\.key is not a private key/,
    ],
    [
      'its certificate is garbled',
      (file) => writeFileSync(file('ca.crt'), 'no'),
      /not a certificate/,
    ],
    ['its certificate is cut off', (file) => cut(file('ca.crt')), /not a certificate/],
    [
      'its key is another one',
      (file) => otherKey(file('ca.key')),
      /ca\.key is not the key of .*ca\.crt/,
    ],
    ['its key is open to others', (file) => openKey(file('ca.key')), /other users may read/],
  ];

  test.each(damages)('%s', (_, damage, message) => {
    const { folder, file, now } = newCa();
    damage(file);
    const fault = faultOf(() => openCa({ folder, now }));
    expect(fault.message).toMatch(message);
    expect(fault.remedy).not.toBe('');
  });

  function cut(path: string): void {
    writeFileSync(path, readFileSync(path).subarray(0, 300));
  }

  function otherKey(path: string): void {
    const other = newCa();
    writeFileSync(path, readFileSync(other.file('ca.key')));
  }

  function openKey(path: string): void {
    const pem = readFileSync(path);
    rmSync(path);
    writeFileSync(path, pem, { mode: 0o644 });
  }
});

test('what a damaged key says never gets into the fault', () => {
  const { folder, file, now } = newCa();
  writeFileSync(file('ca.key'), readFileSync(file('ca.key'), 'utf8').slice(0, 120));
  const fault = faultOf(() => openCa({ folder, now }));
  expect(fault).not.toHaveProperty('cause');
  expect(String(fault)).not.toContain('MIG');
});
