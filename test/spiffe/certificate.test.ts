import { X509Certificate } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DerError, readCertificate, readCrl, svidOf } from '../../src/spiffe/index.ts';
import { throwawayCa } from '../support/pki.ts';
import { bytes, codeOf, der } from './encode.ts';

const ca = throwawayCa({
  trustDomain: 'acme.test',
  basicConstraints: { ca: true, pathLength: 3 },
});

describe('reading a certificate', () => {
  it('finds what an SVID says', () => {
    const leaf = ca.issue({ id: 'spiffe://acme.test/agent/billing', dns: ['billing.test'] });
    const facts = readCertificate(leaf.der);
    const x509 = new X509Certificate(leaf.der);
    expect(facts).toMatchObject({
      serial: leaf.serial.toLowerCase(),
      notBefore: x509.validFromDate.getTime(),
      notAfter: x509.validToDate.getTime(),
      uriSans: ['spiffe://acme.test/agent/billing'],
      isCa: false,
      pathLength: undefined,
      keyUsage: { critical: true, digitalSignature: true, keyCertSign: false, cRLSign: false },
      extendedKeyUsage: ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'],
    });
  });

  it('finds what a CA says, and that it issued the leaf', () => {
    const facts = readCertificate(ca.der);
    const leaf = readCertificate(ca.issue().der);
    expect(facts).toMatchObject({
      isCa: true,
      pathLength: 3,
      keyUsage: { digitalSignature: false, keyCertSign: true, cRLSign: true },
      extendedKeyUsage: undefined,
    });
    expect(Buffer.compare(leaf.issuer, facts.subject)).toBe(0);
    expect(leaf.authorityKeyId).toBe(facts.subjectKeyId);
  });

  it('reads times after 2049, and a certificate without the extensions that are optional', () => {
    const end = Date.UTC(2060, 0, 1);
    const plain = ca.issue({
      notAfter: end,
      altNames: undefined,
      keyUsage: undefined,
      extendedKeyUsage: undefined,
      basicConstraints: undefined,
    });
    expect(readCertificate(plain.der)).toMatchObject({
      notAfter: end,
      uriSans: [],
      isCa: false,
      keyUsage: undefined,
      extendedKeyUsage: undefined,
    });
  });

  it('gives every URI as it stands, and takes no other name for one', () => {
    const trick = ca.issue({
      altNames: [
        { type: 'dns', value: 'URI:spiffe://acme.test/admin' },
        { type: 'email', value: 'spiffe://acme.test/admin' },
        { type: 'uri', value: 'spiffe://acme.test/a, URI:spiffe://acme.test/admin' },
        { type: 'uri', value: 'x\0\xff' },
      ],
    });
    expect(readCertificate(trick.der).uriSans).toEqual([
      'spiffe://acme.test/a, URI:spiffe://acme.test/admin',
      'x\0\xff',
    ]);
  });
});

describe('a certificate that could be read in two ways', () => {
  const extension = (oid: string, value: Buffer) => ({ oid, critical: false, value });
  const san = der(0x30, der(0x86, Buffer.from('spiffe://acme.test/admin')));

  it.each([
    ['a second list of names', [extension('2.5.29.17', san)], 'DUPLICATE'],
    ['an unknown extension twice', twice(extension('1.2.3', bytes(5, 0))), 'DUPLICATE'],
  ])('is refused: %s', (_, extensions, code) => {
    const leaf = ca.issue({ extensions });
    expect(codeOf(() => readCertificate(leaf.der))).toBe(code);
  });

  it.each([
    ['names without a sequence', '2.5.29.17', bytes(0x86, 1, 0x61), 'TAG'],
    ['an empty list of names', '2.5.29.17', bytes(0x30, 0), 'VALUE'],
    ['bytes after the names', '2.5.29.17', Buffer.concat([san, bytes(0)]), 'TRAILING'],
    ['a name of an unknown kind', '2.5.29.17', der(0x30, bytes(0x89, 0)), 'TAG'],
    ['a constructed URI', '2.5.29.17', der(0x30, bytes(0xa6, 0)), 'TAG'],
    ['2000 names', '2.5.29.17', der(0x30, Buffer.alloc(4000, bytes(0x82, 0))), 'TOO_LARGE'],
    ['bytes after the key usage', '2.5.29.15', bytes(3, 2, 7, 0x80, 0), 'TRAILING'],
    ['an empty list of purposes', '2.5.29.37', bytes(0x30, 0), 'VALUE'],
    ['a path length without a CA', '2.5.29.19', bytes(0x30, 3, 2, 1, 0), 'VALUE'],
    ['more than a path length', '2.5.29.19', bytes(0x30, 8, 1, 1, 255, 2, 1, 0, 5, 0), 'TRAILING'],
  ])('is refused: %s', (_, oid, value, code) => {
    const without = { altNames: undefined, keyUsage: undefined, extendedKeyUsage: undefined };
    const extensions = [extension(oid, value)];
    const leaf = rawIssue({ ...without, basicConstraints: undefined, extensions });
    expect(codeOf(() => readCertificate(leaf))).toBe(code);
  });

  it('is refused: more than 64 extensions', () => {
    const extensions = Array.from({ length: 70 }, (_, i) =>
      extension(`1.2.3.${String(i)}`, bytes(5, 0)),
    );
    expect(codeOf(() => readCertificate(ca.issue({ extensions }).der))).toBe('TOO_LARGE');
  });

  it('is refused: bytes after it, and more than 64 KiB', () => {
    const leaf = ca.issue().der;
    expect(codeOf(() => readCertificate(Buffer.concat([leaf, bytes(0)])))).toBe('TRAILING');
    expect(codeOf(() => readCertificate(Buffer.alloc(70_000, 0x30)))).toBe('TOO_LARGE');
  });

  it('is refused: two signature algorithms that differ', () => {
    const leaf = Buffer.from(ca.issue().der);
    const algorithm = Buffer.from('2a8648ce3d040302', 'hex');
    leaf[leaf.lastIndexOf(algorithm) + algorithm.length - 1] = 3;
    expect(codeOf(() => readCertificate(leaf))).toBe('VALUE');
  });
});

type Issue = NonNullable<Parameters<typeof ca.issue>[0]>;

function rawIssue(options: Issue): Buffer {
  return ca.issue(options).der;
}

function twice<T>(value: T): T[] {
  return [value, value];
}

describe('whatever the bytes are', () => {
  const readers = [
    ['readCertificate', readCertificate],
    ['readCrl', readCrl],
    ['svidOf', svidOf],
  ] as const;
  const crl = ca.crl({ revoked: ['01', { serial: '02', revokedAt: 0, reason: 'keyCompromise' }] });
  const leaf = ca.issue({ dns: ['a.test'], ip: ['::1'] });

  function survives(input: Uint8Array): void {
    for (const [name, read] of readers) {
      try {
        read(input);
      } catch (error) {
        if (error instanceof DerError) continue;
        throw new Error(`${name} threw something else on ${Buffer.from(input).toString('hex')}`, {
          cause: error,
        });
      }
    }
  }

  it('random bytes end in a DerError at the worst', () => {
    const random = fc.uint8Array({ maxLength: 300 });
    const begun = random.map((rest) => der(0x30, der(0x30, rest)));
    fc.assert(fc.property(fc.oneof(random, begun), survives), { numRuns: 8_000 });
  });

  it.each([
    ['certificate', leaf.der],
    ['CA', ca.der],
    ['CRL', crl.der],
  ])('every %s that is cut off anywhere is refused', (_, whole) => {
    for (let length = 0; length < whole.length; length++) {
      const cut = whole.subarray(0, length);
      survives(cut);
      expect(codeOf(() => readCertificate(cut))).toBeDefined();
      expect(codeOf(() => readCrl(cut))).toBeDefined();
    }
  });

  it.each([
    ['certificate', leaf.der],
    ['CA', ca.der],
    ['CRL', crl.der],
  ])('every %s with one byte changed ends in a DerError at the worst', (_, whole) => {
    const changes = [0x00, 0x01, 0x1f, 0x30, 0x7f, 0x80, 0x81, 0x84, 0xa3, 0xff];
    for (let at = 0; at < whole.length; at++)
      for (const value of [...changes, (whole[at] ?? 0) ^ 1, (whole[at] ?? 0) ^ 0x20]) {
        const changed = Buffer.from(whole);
        changed[at] = value;
        survives(changed);
      }
  });

  it('several random changes, insertions and removals end in a DerError at the worst', () => {
    const edit = fc.record({
      at: fc.nat(leaf.der.length),
      remove: fc.nat(3),
      insert: fc.uint8Array({ maxLength: 3 }),
    });
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
        let changed: Buffer = leaf.der;
        for (const { at, remove, insert } of edits)
          changed = Buffer.concat([changed.subarray(0, at), insert, changed.subarray(at + remove)]);
        survives(changed);
      }),
      { numRuns: 8_000 },
    );
  });

  it('what it reads in a changed certificate is what OpenSSL reads', () => {
    let compared = 0;
    for (let at = 0; at < leaf.der.length; at++)
      for (let bit = 0; bit < 8; bit++) {
        const changed = Buffer.from(leaf.der);
        changed[at] = (changed[at] ?? 0) ^ (1 << bit);
        if (codeOf(() => readCertificate(changed)) !== undefined) continue;
        const facts = readCertificate(changed);
        let x509: X509Certificate;
        try {
          x509 = new X509Certificate(changed);
        } catch {
          continue;
        }
        compared++;
        expect(facts.serial).toBe(x509.serialNumber.toLowerCase());
        expect(facts.isCa).toBe(x509.ca);
        expect(facts.extendedKeyUsage).toEqual(x509.keyUsage);
        expect(facts.notBefore).toBe(x509.validFromDate.getTime());
        expect(facts.notAfter).toBe(x509.validToDate.getTime());
      }
    expect(compared).toBeGreaterThan(1000);
  });
});
