import { describe, expect, it } from 'vitest';
import { svidOf, type SvidFaultCode } from '../../src/spiffe/index.ts';
import { throwawayCa, type IssueOptions } from '../support/pki.ts';
import { bytes } from './encode.ts';

const ca = throwawayCa({ trustDomain: 'acme.test' });
const uri = (value: string) => ({ type: 'uri', value }) as const;
const ID = 'spiffe://acme.test/agent/billing';

/** Key usage digitalSignature, as an extension that one can make not critical. */
const SOFT_KEY_USAGE = { oid: '2.5.29.15', critical: false, value: bytes(3, 2, 7, 0x80) };

describe('a certificate is an SVID', () => {
  it.each<[string, IssueOptions]>([
    ['with one URI and the usages of a leaf', { id: ID }],
    ['without basic constraints, which means no CA', { id: ID, basicConstraints: undefined }],
    ['without extended key usage', { id: ID, extendedKeyUsage: undefined }],
    ['with clientAuth alone', { id: ID, extendedKeyUsage: ['clientAuth'] }],
    ['with names of other kinds beside', { id: ID, dns: ['a.test', 'URI:x'], ip: ['10.0.0.1'] }],
    ['with a subject', { id: ID, subject: [{ type: 'CN', value: 'anybody' }] }],
    [
      'that is also for encipherment',
      { id: ID, keyUsage: ['digitalSignature', 'keyEncipherment'] },
    ],
  ])('%s', (_, options) => {
    const reading = svidOf(ca.issue(options).der);
    expect(reading).toMatchObject({ ok: true });
    expect(reading.ok && reading.svid.spiffeId.toString()).toBe(ID);
  });
});

describe('a certificate is no SVID', () => {
  it.each<[string, IssueOptions, SvidFaultCode]>([
    ['without names', { altNames: undefined }, 'NO_URI'],
    ['with a DNS name that looks like a URI', dns('URI:spiffe://acme.test/admin'), 'NO_URI'],
    ['with a DNS name that is the ID', dns(ID), 'NO_URI'],
    ['with two SPIFFE IDs', { altNames: [uri(ID), uri(ID)] }, 'SEVERAL_URIS'],
    [
      'with a second URI of another kind',
      { altNames: [uri(ID), uri('https://a')] },
      'SEVERAL_URIS',
    ],
    ['with a URI that quotes another', { id: `${ID}, URI:spiffe://acme.test/admin` }, 'INVALID_ID'],
    ['with a NUL in the URI', { id: `${ID}\0.test` }, 'INVALID_ID'],
    ['with a URI of another scheme', { id: 'https://acme.test/agent' }, 'INVALID_ID'],
    ['with an upper-case trust domain', { id: 'spiffe://ACME.test/agent' }, 'INVALID_ID'],
    ['with an empty URI', { id: '' }, 'INVALID_ID'],
    ['without a path', { id: 'spiffe://acme.test' }, 'NO_PATH'],
    ['that is a CA', { id: ID, basicConstraints: { ca: true } }, 'IS_CA'],
    ['without key usage', { id: ID, keyUsage: undefined }, 'NO_KEY_USAGE'],
    ['with key usage that is not critical', soft(), 'KEY_USAGE_NOT_CRITICAL'],
    ['whose key may not sign', { id: ID, keyUsage: ['keyAgreement'] }, 'NO_DIGITAL_SIGNATURE'],
    ['that may sign certificates', usage('keyCertSign'), 'SIGNS_CERTIFICATES'],
    ['that may sign revocation lists', usage('cRLSign'), 'SIGNS_CRLS'],
    ['for servers alone', { id: ID, extendedKeyUsage: ['serverAuth'] }, 'NO_CLIENT_AUTH'],
    ['for signing code alone', { id: ID, extendedKeyUsage: ['codeSigning'] }, 'NO_CLIENT_AUTH'],
  ])('%s', (_, options, code) => {
    expect(svidOf(ca.issue(options).der)).toMatchObject({ ok: false, fault: { code } });
  });

  it('if it is the certificate of a CA', () => {
    expect(svidOf(ca.der)).toMatchObject({ ok: false, fault: { code: 'IS_CA' } });
  });

  it('if it cannot be read, and then nothing is said of it', () => {
    const broken = ca.issue({ extensions: [SOFT_KEY_USAGE] });
    const fault = { code: 'MALFORMED', claimed: undefined, serial: undefined };
    expect(svidOf(broken.der)).toMatchObject({ ok: false, fault });
    expect(svidOf(Buffer.alloc(0))).toMatchObject({ ok: false, fault });
  });

  it('but the ID that it claims is told if it is well-formed, and the serial', () => {
    const ca2 = ca.issue({ id: ID, basicConstraints: { ca: true } });
    const reading = svidOf(ca2.der);
    expect(!reading.ok && reading.fault.claimed?.toString()).toBe(ID);
    expect(!reading.ok && reading.fault.serial).toBe(ca2.serial.toLowerCase());
    const odd = svidOf(ca.issue({ id: 'https://evil.test/\r\n' }).der);
    expect(!odd.ok && odd.fault.claimed).toBeUndefined();
    expect(JSON.stringify(odd)).not.toContain('evil');
  });
});

function dns(value: string): IssueOptions {
  return { altNames: [{ type: 'dns', value }] };
}

function usage(further: 'keyCertSign' | 'cRLSign'): IssueOptions {
  return { id: ID, keyUsage: ['digitalSignature', further] };
}

function soft(): IssueOptions {
  return { id: ID, keyUsage: undefined, extensions: [SOFT_KEY_USAGE] };
}
