import { describe, expect, it } from 'vitest';
import { PemError, readPem } from '../../src/spiffe/index.ts';
import { throwawayCa } from '../support/pki.ts';

const ca = throwawayCa({ trustDomain: 'acme.test' });
const leaf = ca.issue();

describe('a PEM file', () => {
  it('gives every certificate, in order', () => {
    expect(readPem(leaf.certPem + ca.certPem, 'CERTIFICATE')).toEqual([leaf.der, ca.der]);
  });

  it('may have text around its blocks, and any line ends', () => {
    const text = `Subject: acme\n${leaf.certPem}\n# the CA\n${ca.certPem}\n`;
    expect(readPem(text.replaceAll('\n', '\r\n'), 'CERTIFICATE')).toEqual([leaf.der, ca.der]);
  });

  it.each([
    ['nothing', '', /no CERTIFICATE block/],
    ['something else', 'hello', /no CERTIFICATE block/],
    ['a key', leaf.keyPem, /PRIVATE KEY block where only CERTIFICATE/],
    ['a key after a certificate', leaf.certPem + leaf.keyPem, /PRIVATE KEY block where only/],
    ['a revocation list', ca.crl().pem, /X509 CRL block where only/],
    ['no end', leaf.certPem.replace(/-----END.*/s, ''), /without an end/],
    ['a block inside a block', `${leaf.certPem.replace(/-----END.*/s, '')}${ca.certPem}`, /base64/],
    ['the end of another', leaf.certPem.replace('END CERT', 'END X'), /without an end/],
    ['a header', leaf.certPem.replace('-----\n', '-----\nComment: x\n\n'), /base64/],
    ['a character that is no base64', leaf.certPem.replace('MII', 'M!I'), /base64/],
    [
      'nothing between the boundaries',
      '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----',
      /base64/,
    ],
    ['a broken boundary', '-----BEGIN CERTIFICATE----\n', /broken PEM boundary/],
    ['an end without a begin', '-----END CERTIFICATE-----\n', /broken PEM boundary/],
  ])('with %s is refused', (_, text, message) => {
    expect(() => readPem(text, 'CERTIFICATE')).toThrow(PemError);
    expect(() => readPem(text, 'CERTIFICATE')).toThrow(message);
  });
});
