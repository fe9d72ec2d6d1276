import { describe, expect, it } from 'vitest';
import { verifiedPeer, type VerifiedPeer } from '../../src/call/index.ts';
import { stillTrusted } from '../../src/tls/index.ts';
import { throwawayCa, type Credential } from '../support/pki.ts';
import { HOUR, startRig, trustOf, type Domain } from './rig.ts';

const ca = throwawayCa({ trustDomain: 'a.test' });
const other = throwawayCa({ trustDomain: 'a.test' });
const NOW = Date.now();
const MINE: Domain = { roots: ca.certPem };

async function peerOf(credential: Credential, domain: Domain = MINE) {
  const rig = await startRig({ ca, domains: { 'a.test': domain } });
  rig.connect(credential);
  const outcome = await rig.outcome();
  if (outcome.kind !== 'peer') throw new Error(outcome.kind);
  const trust = rig.trust.current;
  const after = (domains: Record<string, Domain>, now = NOW) => trustOf(domains, now, trust);
  return { peer: outcome.peer, trust, after };
}

describe('on an open connection, a peer', () => {
  it('stays trusted until its certificate ends, to the millisecond', async () => {
    const { peer, trust } = await peerOf(ca.issue());
    expect(stillTrusted(peer, trust, NOW)).toBeUndefined();
    expect(stillTrusted(peer, trust, peer.notAfter - 1)).toBeUndefined();
    expect(stillTrusted(peer, trust, peer.notAfter)).toBe('CERTIFICATE_EXPIRED');
  });

  it('ends with the CA above it, if that ends first', async () => {
    const short = ca.intermediate({ notAfter: NOW + HOUR / 2 });
    const { peer, trust } = await peerOf(short.issue());
    expect(stillTrusted(peer, trust, NOW + HOUR / 2 - 1000)).toBeUndefined();
    expect(stillTrusted(peer, trust, NOW + HOUR / 2)).toBe('CERTIFICATE_EXPIRED');
    expect(peer.notAfter).toBeGreaterThan(NOW + HOUR / 2);
  });

  it('stays trusted if the roots changed but still vouch for it', async () => {
    const { peer, after } = await peerOf(ca.intermediate().issue());
    const trust = after({ 'a.test': { roots: other.certPem + ca.certPem } });
    expect(stillTrusted(peer, trust, NOW)).toBeUndefined();
  });

  it.each<[string, Record<string, Domain>, string]>([
    ['its root is gone', { 'a.test': { roots: other.certPem } }, 'TRUST_CHANGED'],
    ['its domain is gone', { 'b.test': MINE }, 'TRUST_CHANGED'],
    [
      'its root vouches for another domain',
      { 'a.test': { roots: other.certPem }, 'b.test': MINE },
      'TRUST_CHANGED',
    ],
  ])('is no longer trusted if %s', async (_, domains, code) => {
    const { peer, trust, after } = await peerOf(ca.issue());
    const next = after(domains);
    expect(stillTrusted(peer, next, NOW)).toBe(code);
    expect(stillTrusted(peer, next, NOW)).toBe(code);
    expect(stillTrusted(peer, trust, NOW)).toBeUndefined();
  });

  it('is cut off when it is revoked', async () => {
    const leaf = ca.issue();
    const { peer, after } = await peerOf(leaf, { ...MINE, crl: ca.crl().pem });
    const trust = after({ 'a.test': { ...MINE, crl: ca.crl({ revoked: [leaf.serial] }).pem } });
    expect(stillTrusted(peer, trust, NOW)).toBe('CERTIFICATE_REVOKED');
  });

  it('is cut off when the list runs out, and goes on when a new one has come', async () => {
    const crl = ca.crl({ nextUpdate: NOW + HOUR / 2 }).pem;
    const { peer, trust, after } = await peerOf(ca.issue(), { ...MINE, crl });
    expect(stillTrusted(peer, trust, NOW + HOUR / 2 - 1000)).toBeUndefined();
    expect(stillTrusted(peer, trust, NOW + HOUR / 2)).toBe('REVOCATION_UNKNOWN');
    const fresh = after({ 'a.test': { ...MINE, crl: ca.crl().pem } });
    expect(stillTrusted(peer, fresh, NOW + HOUR / 2)).toBeUndefined();
  });

  it('is cut off when a list is asked for that is out of date', async () => {
    const { peer, after } = await peerOf(ca.issue());
    const stale = ca.crl({ thisUpdate: NOW - 2 * HOUR, nextUpdate: NOW - HOUR }).pem;
    const trust = after({ 'a.test': { ...MINE, crl: stale } });
    expect(stillTrusted(peer, trust, NOW)).toBe('REVOCATION_UNKNOWN');
  });

  it('that this room did not make is never trusted', async () => {
    const { peer, trust } = await peerOf(ca.issue());
    const copies: VerifiedPeer[] = [{ ...peer }, verifiedPeer({ ...peer, notAfter: Infinity })];
    for (const copy of copies) expect(stillTrusted(copy, trust, NOW)).toBe('UNTRUSTED_CERTIFICATE');
  });
});
