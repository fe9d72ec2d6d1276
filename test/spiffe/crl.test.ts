import { verify, X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { readCertificate, readCrl } from '../../src/spiffe/index.ts';
import { throwawayCa } from '../support/pki.ts';
import { bytes, codeOf, der } from './encode.ts';

const ca = throwawayCa({ trustDomain: 'acme.test' });

const ALGORITHM = der(0x30, der(0x06, Buffer.from('2a8648ce3d040302', 'hex')));
const NAME = der(0x30);
const EARLIER = der(0x17, Buffer.from('250101000000Z'));
const LATER = der(0x17, Buffer.from('260101000000Z'));
const SIGNATURE = bytes(3, 2, 0, 1);

/** A list of parts of one's own; nobody signed it. */
function crlOf(parts: readonly Buffer[], algorithm = ALGORITHM): Buffer {
  return der(0x30, der(0x30, ...parts), algorithm, SIGNATURE);
}

const extensions = (...list: readonly Buffer[]) => der(0xa0, der(0x30, ...list));
const extension = (oid: string, critical: boolean, value = bytes(4, 2, 5, 0)) =>
  der(0x30, der(6, Buffer.from(oid, 'hex')), critical ? bytes(1, 1, 255) : bytes(), value);

describe('reading a revocation list', () => {
  it('finds issuer, dates, number and serials, and what is signed by whom', () => {
    const thisUpdate = Date.UTC(2026, 0, 1);
    const nextUpdate = Date.UTC(2026, 0, 8);
    const revoked = [
      '0A',
      { serial: 'FF01', revokedAt: thisUpdate, reason: 'superseded' },
    ] as const;
    const list = readCrl(ca.crl({ thisUpdate, nextUpdate, number: 7, revoked }).der);
    expect(list).toMatchObject({ thisUpdate, nextUpdate, crlNumber: 7n });
    expect([...list.revoked]).toEqual(['0a', 'ff01']);
    const facts = readCertificate(ca.der);
    expect(Buffer.compare(list.issuer, facts.subject)).toBe(0);
    expect(list.authorityKeyId).toBe(facts.subjectKeyId);
    expect(list.signatureAlgorithm).toBe('1.2.840.10045.4.3.2');
    const key = new X509Certificate(ca.der).publicKey;
    expect(verify('sha256', list.tbs, key, list.signature)).toBe(true);
  });

  it('writes serials as certificates do', () => {
    const leaf = ca.issue();
    const list = readCrl(ca.crl({ revoked: [leaf.serial] }).der);
    expect(list.revoked.has(readCertificate(leaf.der).serial)).toBe(true);
  });

  it('takes a list of version 1, and an empty one', () => {
    const list = readCrl(crlOf([ALGORITHM, NAME, EARLIER, LATER]));
    expect([list.crlNumber, list.authorityKeyId, list.revoked.size]).toEqual([
      undefined,
      undefined,
      0,
    ]);
    expect(readCrl(ca.crl().der).revoked.size).toBe(0);
  });

  it.each([
    ['no next update', [ALGORITHM, NAME, EARLIER], 'VALUE'],
    [
      'version 1 with extensions',
      base(extensions(extension('551d14', false, bytes(4, 3, 2, 1, 1)))),
      'VALUE',
    ],
    ['version 3', [bytes(2, 1, 2), ...base()], 'VALUE'],
    ['a delta list', v2(extensions(extension('551d1b', true))), 'VALUE'],
    ['a list for some certificates only', v2(extensions(extension('551d1c', true))), 'VALUE'],
    [
      'an entry of another issuer',
      v2(der(0x30, entry(der(0x30, extension('551d1d', true))))),
      'VALUE',
    ],
    ['an extension twice', v2(extensions(...twice(extension('551d23', false)))), 'DUPLICATE'],
    ['no extensions where some are announced', v2(extensions()), 'VALUE'],
    [
      'something after the extensions',
      v2(extensions(extension('550101', false)), bytes(5, 0)),
      'TRAILING',
    ],
    ['another algorithm inside', [der(0x30, der(6, bytes(0x2a))), ...base().slice(1)], 'VALUE'],
  ])('refuses %s', (_, parts, code) => {
    expect(codeOf(() => readCrl(crlOf(parts)))).toBe(code);
  });

  it('refuses algorithms with parameters, because they are not looked at', () => {
    const algorithm = der(0x30, der(6, bytes(0x2a)), bytes(0x30, 0));
    const parts = [algorithm, ...base().slice(1)];
    expect(codeOf(() => readCrl(crlOf(parts, algorithm)))).toBe('TRAILING');
  });

  it('reads a hundred thousand entries in well under a second', () => {
    const revoked = Array.from({ length: 100_000 }, (_, i) =>
      der(0x30, bytes(2, 4, 1, i >> 16, (i >> 8) & 255, i & 255), EARLIER),
    );
    const big = crlOf([...base(), der(0x30, ...revoked)]);
    const start = performance.now();
    expect(readCrl(big).revoked.size).toBe(100_000);
    expect(performance.now() - start).toBeLessThan(5000);
  });
});

function base(...more: readonly Buffer[]): Buffer[] {
  return [ALGORITHM, NAME, EARLIER, LATER, ...more];
}

function v2(...more: readonly Buffer[]): Buffer[] {
  return [bytes(2, 1, 1), ...base(...more)];
}

function entry(entryExtensions: Buffer): Buffer {
  return der(0x30, bytes(2, 1, 1), EARLIER, entryExtensions);
}

function twice<T>(value: T): T[] {
  return [value, value];
}
