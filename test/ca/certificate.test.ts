import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { randomSerial, signCertificate, type CertificateFields } from '../../src/ca/index.ts';

const pair = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const name = [{ type: 'CN', value: 'test' }] as const;
const fields: CertificateFields = {
  subject: name,
  issuer: name,
  publicKey: pair.publicKey,
  notBefore: Date.UTC(2026, 0, 1),
  notAfter: Date.UTC(2027, 0, 1),
};

function signed(overrides: Partial<CertificateFields>): X509Certificate {
  return signCertificate({ ...fields, ...overrides }, pair.privateKey).x509;
}

describe('what is written into a certificate is what OpenSSL reads out of it', () => {
  test('every positive serial of up to 20 octets', () => {
    const serials = fc
      .uint8Array({ minLength: 1, maxLength: 20 })
      .filter((bytes) => (bytes[0] ?? 0) < 0x80 && bytes.some((byte) => byte > 0));
    fc.assert(
      fc.property(serials, (serial) => {
        const read = BigInt(`0x${signed({ serial }).serialNumber}`);
        expect(read).toBe(BigInt(`0x${Buffer.from(serial).toString('hex')}`));
      }),
      { numRuns: 60 },
    );
  });

  test('every second from 1970 to 9999', () => {
    const seconds = fc.integer({ min: 0, max: Date.UTC(9999, 11, 31) / 1000 });
    fc.assert(
      fc.property(seconds, fc.integer({ min: 0, max: 999 }), (second, fraction) => {
        const x509 = signed({ notBefore: second * 1000 + fraction });
        expect(x509.validFromDate.getTime()).toBe(second * 1000);
      }),
      { numRuns: 60 },
    );
  });

  test('every IP address', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (value) => {
        const x509 = signed({ altNames: [{ type: 'ip', value }] });
        expect(x509.checkIP(value)).toBeDefined();
      }),
      { numRuns: 60 },
    );
  });

  test('every public key', () => {
    for (let i = 0; i < 20; i++) {
      const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
      expect(signed({ publicKey }).publicKey.equals(publicKey)).toBe(true);
    }
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
    expect(signed({ publicKey: rsa.publicKey }).publicKey.equals(rsa.publicKey)).toBe(true);
  });
});

test('the year 2049 is a UTCTime and the year 2050 a GeneralizedTime', () => {
  const { der } = signCertificate(
    { ...fields, notBefore: Date.UTC(2049, 11, 31, 23, 59, 59), notAfter: Date.UTC(2050, 0, 1) },
    pair.privateKey,
  );
  const text = der.toString('latin1');
  expect(text).toContain('\x17\x0d491231235959Z\x18\x0f20500101000000Z');
});

test('a serial has 128 random bits, is positive, and has 17 octets', () => {
  const serials = Array.from({ length: 200 }, randomSerial);
  for (const serial of serials) expect([serial.length, serial[0]]).toEqual([17, 1]);
  expect(new Set(serials.map((serial) => serial.toString('hex'))).size).toBe(200);
  // Each of the 128 bits is seen set and unset.
  for (let bit = 8; bit < 136; bit++) {
    const ones = serials.filter((serial) => ((serial[bit >> 3] ?? 0) >> (bit & 7)) & 1).length;
    expect(ones).toBeGreaterThan(0);
    expect(ones).toBeLessThan(200);
  }
});

test('a field that is left out leaves its extension out', () => {
  const bare = signed({});
  expect(bare.subjectAltName).toBeUndefined();
  expect(bare.keyUsage).toBeUndefined();
  expect(bare.ca).toBe(false);
});
