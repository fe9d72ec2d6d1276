import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { selfSigned, throwawayCa, type IssueOptions } from '../support/pki.ts';
import { HOUR, newFolder, openssl } from './sandbox.ts';

/** Holds the test support itself against openssl: a defect that is not one would make other tests prove nothing. */
const ca = throwawayCa({ trustDomain: 'acme.test' });

function check(certPem: string, ...more: string[]): string {
  const folder = newFolder();
  writeFileSync(join(folder, 'ca.crt'), ca.certPem);
  writeFileSync(join(folder, 'leaf.crt'), certPem);
  const files = more.map((one) => {
    if (one.startsWith('-') && !one.includes('\n')) return one;
    writeFileSync(join(folder, 'more.pem'), one);
    return join(folder, 'more.pem');
  });
  const trust = ['-x509_strict', '-CAfile', join(folder, 'ca.crt'), ...files];
  return openssl('verify', ...trust, join(folder, 'leaf.crt')).output;
}

test('what it issues by default is a perfect SVID', () => {
  const { certPem, serial } = ca.issue({ dns: ['localhost'] });
  expect(check(certPem)).toContain('OK');
  expect(new X509Certificate(certPem).serialNumber).toBe(serial);
});

describe('openssl sees the defect', () => {
  const now = Date.now();
  const cases: readonly [string, IssueOptions, RegExp][] = [
    ['expired', { notBefore: now - 2 * HOUR, notAfter: now - HOUR }, /has expired/],
    ['not yet valid', { notBefore: now + HOUR, notAfter: now + 2 * HOUR }, /not yet valid/],
    ['of another trust domain', { id: 'spiffe://other.test/agent/x' }, /subtree violation/],
  ];
  test.each(cases)('%s', (_, options, message) => {
    expect(check(ca.issue(options).certPem)).toMatch(message);
  });

  test('self-signed', () => {
    const { certPem } = selfSigned({ id: 'spiffe://acme.test/agent/admin' });
    expect(check(certPem)).toMatch(/self-signed certificate/);
  });

  test('revoked', () => {
    const leaf = ca.issue();
    const list = ca.crl({ revoked: [leaf.serial] }).pem;
    expect(check(leaf.certPem, '-crl_check', '-CRLfile', list)).toContain('revoked');
    expect(check(ca.issue().certPem, '-crl_check', '-CRLfile', list)).toContain('OK');
  });
});

describe('openssl reads what was asked for', () => {
  const uri = (value: string) => ({ type: 'uri', value }) as const;
  const cases: readonly [string, IssueOptions, RegExp][] = [
    ['no URI', { altNames: [{ type: 'dns', value: 'x' }] }, /critical\s+DNS:x\n/],
    ['two URIs', { altNames: [uri('a:b'), uri('c:d')] }, /URI:a:b, URI:c:d\n/],
    ['a CA', { basicConstraints: { ca: true } }, /CA:TRUE\n/],
    [
      'keyCertSign',
      { keyUsage: ['digitalSignature', 'keyCertSign'] },
      /Signature, Certificate Sign/,
    ],
    ['one EKU', { extendedKeyUsage: ['serverAuth'] }, /Usage: \s+TLS Web Server Authentication\n/],
  ];
  test.each(cases)('%s', (_, options, text) => {
    expect(describeCertificate(ca.issue(options).certPem)).toMatch(text);
  });

  test('no key usage', () => {
    expect(describeCertificate(ca.issue({ keyUsage: undefined }).certPem)).not.toContain(
      'X509v3 Key Usage',
    );
  });

  function describeCertificate(pem: string): string {
    const path = join(newFolder(), 'leaf.crt');
    writeFileSync(path, pem);
    return openssl('x509', '-in', path, '-noout', '-text').output;
  }
});

test('an intermediate signs leaves that verify through it alone', () => {
  const between = ca.intermediate();
  const leaf = between.issue();
  expect(check(leaf.certPem)).toContain('unable to get local issuer');
  expect(check(leaf.certPem, '-untrusted', between.certPem)).toContain('OK');
  expect(leaf.chainPem).toBe(leaf.certPem + between.certPem);
});

test('a key pair of any kind can be certified', () => {
  const keyPair = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const leaf = ca.issue({ keyPair });
  expect(check(leaf.certPem)).toContain('OK');
  expect(new X509Certificate(leaf.der).checkPrivateKey(leaf.key)).toBe(true);
});
