import { describe, expect, it } from 'vitest';
import { throwawayCa } from '../support/pki.ts';
import { HOUR, startRig, trustOf } from './rig.ts';

const ca = throwawayCa({ trustDomain: 'a.test' });
const stranger = throwawayCa({ trustDomain: 'a.test' });
const leaf = ca.issue();

const verdictWith = async (crl: string, credential = leaf, roots = ca.certPem) => {
  const rig = await startRig({ ca, domains: { 'a.test': { roots, crl } } });
  return rig.verdict(credential);
};

describe('a peer of a domain with a revocation list', () => {
  const now = Date.now();
  const stale = { thisUpdate: now - 2 * HOUR, nextUpdate: now - HOUR };

  it.each([
    [
      'is let in if the list is in force and does not name it',
      ca.crl({ revoked: ['01'] }).pem,
      'OK',
    ],
    [
      'is revoked if the list names it',
      ca.crl({ revoked: [leaf.serial] }).pem,
      'CERTIFICATE_REVOKED',
    ],
    [
      'is revoked by a list that is out of date, too',
      ca.crl({ ...stale, revoked: [leaf.serial] }).pem,
      'CERTIFICATE_REVOKED',
    ],
    ['is not let in if the list is out of date', ca.crl(stale).pem, 'REVOCATION_UNKNOWN'],
    [
      'is not let in if the list is not in force yet',
      ca.crl({ thisUpdate: now + HOUR, nextUpdate: now + 2 * HOUR }).pem,
      'REVOCATION_UNKNOWN',
    ],
    [
      'is not let in if the list is signed by somebody else',
      stranger.crl().pem,
      'REVOCATION_UNKNOWN',
    ],
    ['is not let in if the list is broken', 'x', 'REVOCATION_UNKNOWN'],
    [
      'is not revoked by the list of somebody else',
      stranger.crl({ revoked: [leaf.serial] }).pem,
      'REVOCATION_UNKNOWN',
    ],
    [
      'is judged by the list of its issuer among several',
      stranger.crl({ revoked: [leaf.serial] }).pem + ca.crl().pem,
      'OK',
    ],
    [
      'is revoked if any of several lists names it',
      ca.crl().pem + ca.crl({ revoked: [leaf.serial] }).pem,
      'CERTIFICATE_REVOKED',
    ],
    ['is let in if the newer of two lists is in force', ca.crl(stale).pem + ca.crl().pem, 'OK'],
  ])('%s', async (_, crl, code) => {
    expect(await verdictWith(crl)).toBe(code);
  });

  it('is not let in if the list was tampered with', async () => {
    const der = Buffer.from(ca.crl({ revoked: [leaf.serial] }).der);
    const serial = Buffer.from(leaf.serial, 'hex');
    der[der.indexOf(serial) + 3] = (der[der.indexOf(serial) + 3] ?? 0) ^ 1;
    const body = der.toString('base64');
    const pem = `-----BEGIN X509 CRL-----\n${body}\n-----END X509 CRL-----\n`;
    expect(await verdictWith(pem)).toBe('REVOCATION_UNKNOWN');
  });

  it('is not let in if its CA may not sign lists', async () => {
    const mute = throwawayCa({ trustDomain: 'a.test', keyUsage: ['keyCertSign'] });
    expect(await verdictWith(mute.crl().pem, mute.issue(), mute.certPem)).toBe(
      'REVOCATION_UNKNOWN',
    );
  });

  it('is unaffected by the list of another domain', async () => {
    const other = throwawayCa({ trustDomain: 'b.test' });
    const rig = await startRig({
      ca,
      domains: {
        'a.test': { roots: ca.certPem, crl: ca.crl().pem },
        'b.test': { roots: other.certPem, crl: other.crl({ revoked: [leaf.serial] }).pem },
      },
    });
    expect(await rig.verdict(leaf)).toBe('OK');
    expect(await rig.verdict(other.issue())).toBe('OK');
  });
});

describe('below an intermediate', () => {
  const middle = ca.intermediate();
  const deep = middle.issue();

  it.each([
    ['every CA of the path must have a list', ca.crl().pem, 'REVOCATION_UNKNOWN'],
    ['lists of all of them are enough', ca.crl().pem + middle.crl().pem, 'OK'],
    [
      'the CA itself may be revoked',
      ca.crl({ revoked: [middle.serial] }).pem + middle.crl().pem,
      'CERTIFICATE_REVOKED',
    ],
    [
      'the leaf may be revoked',
      ca.crl().pem + middle.crl({ revoked: [deep.serial] }).pem,
      'CERTIFICATE_REVOKED',
    ],
    [
      "the root's list does not speak of the leaf",
      ca.crl({ revoked: [deep.serial] }).pem + middle.crl().pem,
      'OK',
    ],
  ])('%s', async (_, crl, code) => {
    expect(await verdictWith(crl, deep)).toBe(code);
  });
});

describe('a reload', () => {
  it('revokes for the next handshake', async () => {
    const roots = ca.certPem;
    const rig = await startRig({ ca, domains: { 'a.test': { roots, crl: ca.crl().pem } } });
    expect(await rig.verdict(leaf)).toBe('OK');
    const crl = ca.crl({ revoked: [leaf.serial], number: 2 }).pem;
    rig.trust.swap(trustOf({ 'a.test': { roots, crl } }, Date.now(), rig.trust.current));
    expect(await rig.verdict(leaf)).toBe('CERTIFICATE_REVOKED');
  });
});
