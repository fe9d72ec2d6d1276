import { describe, expect, it } from 'vitest';
import { OperatorFault, readShape, readYaml } from '../../src/lib/index.ts';
import { trustShape } from '../../src/tls/index.ts';
import { throwawayCa } from '../support/pki.ts';
import { HOUR, trustOf } from './rig.ts';

const ca = throwawayCa({ trustDomain: 'a.test' });
const other = throwawayCa({ trustDomain: 'b.test' });
const expired = throwawayCa({ trustDomain: 'a.test', notAfter: Date.now() - 1000 });

function faultOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof OperatorFault) return error.render();
    throw error;
  }
  return 'no fault';
}

describe('trust', () => {
  it('keeps the roots of each domain apart', () => {
    const trust = trustOf({ 'a.test': { roots: ca.certPem }, 'b.test': { roots: other.certPem } });
    const names = [...trust.domains.values()].map(({ roots }) => roots.map(({ x509 }) => x509.raw));
    expect(names).toEqual([[ca.der], [other.der]]);
    expect(trust.warnings).toEqual([]);
  });

  it('counts its generations', () => {
    const domains = { 'a.test': { roots: ca.certPem } };
    const first = trustOf(domains);
    const second = trustOf(domains, Date.now(), first);
    expect([first.generation, second.generation]).toEqual([1, 2]);
  });

  it.each([
    ['an empty file', '', /has no CERTIFICATE block\n.*empty/],
    ['a leaf', ca.issue().certPem, /certificate 1 of .* is no CA/],
    ['a leaf behind a root', ca.certPem + ca.issue().certPem, /certificate 2 of .* is no CA/],
    [
      'a CA that may not sign',
      throwawayCa({ trustDomain: 'a.test', keyUsage: ['cRLSign'] }).certPem,
      /no CA/,
    ],
    ['an intermediate', ca.intermediate().certPem, /not self-signed/],
    ['a key', ca.certPem + ca.keyPem, /PRIVATE KEY block where only/],
    ['nothing but an expired root', expired.certPem, /outside their validity .*expires at 20/],
  ])('refuses %s as roots', (_, roots, message) => {
    expect(faultOf(() => trustOf({ 'a.test': { roots } }))).toMatch(message);
  });

  it('takes an expired root beside a good one, and says so', () => {
    const trust = trustOf({ 'a.test': { roots: expired.certPem + ca.certPem } });
    expect(trust.warnings).toEqual([expect.stringMatching(/^1 of the roots of a.test/)]);
    expect(trust.domains.get('a.test')?.roots[0]?.x509.raw).toEqual(ca.der);
  });

  it('says when two domains share a root', () => {
    const trust = trustOf({ 'a.test': { roots: ca.certPem }, 'b.test': { roots: ca.certPem } });
    expect(trust.warnings).toEqual(['the trust domains a.test and b.test have a root in common']);
  });
});

describe('a revocation list that cannot be used', () => {
  const roots = ca.certPem;
  const broken = ca.crl().pem.replace(/\n.{20}/, '\nAAAAAAAAAAAAAAAAAAAA');

  it.each([
    ['is empty', '', /has no X509 CRL block/],
    ['is broken', broken, /is broken/],
    ['is of another domain', other.crl().pem, /not signed by any of its roots/],
    [
      'is of a CA with the same name',
      throwawayCa({ trustDomain: 'a.test' }).crl().pem,
      /not signed by any of its roots/,
    ],
  ])('is a warning at start and a fault on a reload, if it %s', (_, crl, message) => {
    const trust = trustOf({ 'a.test': { roots, crl } });
    expect(trust.warnings).toEqual([expect.stringMatching(message)]);
    expect(trust.warnings[0]).toContain('nobody of a.test is let in');
    expect(trust.domains.get('a.test')?.lists).toEqual([]);
    expect(faultOf(() => trustOf({ 'a.test': { roots, crl } }, Date.now(), trust))).toMatch(
      message,
    );
  });

  it('is a warning if it is out of date: a newer one may come at any time', () => {
    const now = Date.now();
    const crl = ca.crl({ thisUpdate: now - 2 * HOUR, nextUpdate: now - HOUR }).pem;
    const first = trustOf({ 'a.test': { roots, crl } });
    expect(first.warnings).toEqual([expect.stringMatching(/out of date since 20/)]);
    expect(trustOf({ 'a.test': { roots, crl } }, now, first).generation).toBe(2);
  });

  it('is a warning if one of several roots has none', () => {
    const second = throwawayCa({ trustDomain: 'a.test' });
    const trust = trustOf({ 'a.test': { roots: roots + second.certPem, crl: ca.crl().pem } });
    expect(trust.warnings).toEqual([expect.stringMatching(/^not every root of a.test/)]);
  });
});

describe('the section of the configuration', () => {
  const read = (text: string) => readShape(readYaml(text, 'sidegate.yaml'), trustShape);

  it('is by trust domain', () => {
    const text = 'a.test: { roots: a.crt, crl: a.crl }\nb.test: { roots: b.crt }\n';
    expect(read(text)).toEqual({
      'a.test': { roots: 'a.crt', crl: 'a.crl' },
      'b.test': { roots: 'b.crt' },
    });
  });

  it.each([
    ['no domain', '{}', /at least one trust domain/],
    ['a name that is none', 'spiffe://a.test: { roots: a.crt }', /a trust domain has only/],
    ['no roots', 'a.test: {}', /'a.test.roots' is missing/],
    ['an unknown key', 'a.test: { roots: a, ocsp: b }', /unknown key 'ocsp'/],
    ['an empty name', "a.test: { roots: '' }", /must be the name of a file/],
  ])('with %s is refused', (_, text, message) => {
    expect(faultOf(() => read(text))).toMatch(message);
  });
});
