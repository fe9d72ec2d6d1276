import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { selfSigned, throwawayCa, type Credential } from '../support/pki.ts';
import { HOUR, startRig, type Outcome } from './rig.ts';

const ca = throwawayCa({ trustDomain: 'a.test', notBefore: Date.now() - 48 * HOUR });
/** An honest domain's CA that was taken over: no name constraint holds it. */
const rogue = throwawayCa({ trustDomain: 'b.test', nameConstraints: undefined });
/** Somebody else's CA that gives itself the name of ours. */
const namesake = throwawayCa({ trustDomain: 'a.test', subject: ca.name });

const BILLING = 'spiffe://a.test/agent/billing';
const DOMAINS = { 'a.test': { roots: ca.certPem }, 'b.test': { roots: rogue.certPem } };

function refusedOf(outcome: Outcome) {
  if (outcome.kind !== 'refused') throw new Error(`was not refused but ${outcome.kind}`);
  return outcome.refused;
}

describe('a peer is verified', () => {
  it('if its own trust domain vouches for it, and then its facts come from the certificate', async () => {
    const rig = await startRig({ ca, domains: DOMAINS });
    const billing = ca.issue({ id: BILLING });
    const client = rig.connect(billing);
    const outcome = await rig.outcome();
    if (outcome.kind !== 'peer') throw new Error(outcome.kind);
    const { peer } = outcome;
    expect(peer.spiffeId.toString()).toBe(BILLING);
    expect(peer.serial).toBe(billing.serial.toLowerCase());
    expect(peer.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(peer.notAfter - peer.notBefore).toBe(HOUR + 60_000);
    expect(peer.trustGeneration).toBe(1);
    expect(peer.address).toBe(`127.0.0.1:${String(client.localPort)}`);
  });

  it('by its URI alone, whatever its other names look like', async () => {
    const rig = await startRig({ ca });
    rig.connect(
      ca.issue({
        subject: [{ type: 'CN', value: 'spiffe://a.test/agent/admin' }],
        altNames: [
          { type: 'dns', value: 'URI:spiffe://a.test/agent/admin' },
          { type: 'uri', value: BILLING },
        ],
      }),
    );
    const outcome = await rig.outcome();
    expect(outcome.kind === 'peer' && outcome.peer.spiffeId.toString()).toBe(BILLING);
  });

  it('with a P-384, an RSA and an Ed25519 key', async () => {
    const rig = await startRig({ ca });
    for (const keyPair of [
      generateKeyPairSync('ec', { namedCurve: 'secp384r1' }),
      generateKeyPairSync('rsa', { modulusLength: 2048 }),
      generateKeyPairSync('ed25519'),
    ])
      expect(await rig.verdict(ca.issue({ keyPair }))).toBe('OK');
  });
});

describe('a peer is refused', () => {
  const uri = (value: string) => ({ type: 'uri', value }) as const;

  it.each<[string, Credential | undefined, string]>([
    ['without a certificate', undefined, 'NO_CERTIFICATE'],
    ['without a name', ca.issue({ altNames: undefined }), 'CERTIFICATE_NOT_SVID'],
    [
      'with a DNS name that looks like a URI',
      dns('URI:spiffe://a.test/admin'),
      'CERTIFICATE_NOT_SVID',
    ],
    [
      'with a URI that quotes another',
      ca.issue({ id: `${BILLING}, URI:spiffe://a.test/admin` }),
      'CERTIFICATE_NOT_SVID',
    ],
    [
      'with two URIs',
      ca.issue({ altNames: [uri(BILLING), uri('spiffe://a.test/x')] }),
      'CERTIFICATE_NOT_SVID',
    ],
    ['with an ID without a path', ca.issue({ id: 'spiffe://a.test' }), 'CERTIFICATE_NOT_SVID'],
    ['with the certificate of a CA', ca, 'CERTIFICATE_NOT_SVID'],
    [
      'with a CA that has an ID',
      ca.issue({ id: BILLING, basicConstraints: { ca: true } }),
      'CERTIFICATE_NOT_SVID',
    ],
    [
      'with a leaf that may sign certificates',
      ca.issue({ keyUsage: ['digitalSignature', 'keyCertSign'] }),
      'CERTIFICATE_NOT_SVID',
    ],
    [
      'with a certificate for servers',
      ca.issue({ extendedKeyUsage: ['serverAuth'] }),
      'CERTIFICATE_NOT_SVID',
    ],
    [
      'of a trust domain without roots',
      ca.issue({ id: 'spiffe://c.test/agent/x' }),
      'FOREIGN_TRUST_DOMAIN',
    ],
    ['that vouches for itself', selfSigned({ id: BILLING }), 'UNTRUSTED_CERTIFICATE'],
    ['of another CA with the same name', namesake.issue({ id: BILLING }), 'UNTRUSTED_CERTIFICATE'],
    [
      'whose ID is signed by the CA of another domain',
      rogue.issue({ id: BILLING }),
      'UNTRUSTED_CERTIFICATE',
    ],
    ['with an expired certificate', past(ca), 'CERTIFICATE_EXPIRED'],
    [
      'with a certificate that is not valid yet',
      ca.issue({ notBefore: Date.now() + HOUR, notAfter: Date.now() + 2 * HOUR }),
      'CERTIFICATE_EXPIRED',
    ],
    [
      'with an expired certificate of another CA, which learns nothing of dates',
      past(rogue),
      'UNTRUSTED_CERTIFICATE',
    ],
    [
      'with an expired certificate of its own making',
      selfSigned({ id: BILLING, ...gone() }),
      'UNTRUSTED_CERTIFICATE',
    ],
    ['whose key is too weak for OpenSSL', weak(), 'UNTRUSTED_CERTIFICATE'],
    [
      'with a critical extension that nobody knows',
      ca.issue({ extensions: [UNKNOWN] }),
      'UNTRUSTED_CERTIFICATE',
    ],
  ])('%s', async (_, credential, code) => {
    const rig = await startRig({ ca, domains: DOMAINS });
    // For the weak key: the client's own OpenSSL would not use it.
    expect(await rig.verdict(credential, { ciphers: 'DEFAULT@SECLEVEL=0' })).toBe(code);
    expect(rig.waiting).toEqual([]);
  });

  it('and what it claims is kept for the record, as a claim', async () => {
    const rig = await startRig({ ca });
    const liar = selfSigned({ id: BILLING });
    const client = rig.connect(liar);
    const refused = refusedOf(await rig.outcome());
    expect(refused).toMatchObject({
      code: 'UNTRUSTED_CERTIFICATE',
      claimedId: BILLING,
      serial: liar.serial.toLowerCase(),
      address: `127.0.0.1:${String(client.localPort)}`,
    });
  });

  it('but a claim that is no SPIFFE ID is not repeated', async () => {
    const rig = await startRig({ ca });
    rig.connect(ca.issue({ id: 'https://evil.test/\r\nx' }));
    expect(JSON.stringify(refusedOf(await rig.outcome()))).not.toContain('evil');
  });

  it('by our clock if it is ahead of the certificate', async () => {
    const rig = await startRig({ ca, now: () => Date.now() + 2 * HOUR });
    expect(await rig.verdict(ca.issue())).toBe('CERTIFICATE_EXPIRED');
  });

  it("by OpenSSL's clock if ours is behind", async () => {
    let behind = 0;
    const rig = await startRig({ ca, now: () => Date.now() - behind });
    behind = 90 * 60_000;
    const outcome = rig.verdict(ca.issue(gone()));
    expect(await outcome).toBe('CERTIFICATE_EXPIRED');
  });
});

/** Ended an hour ago. */
function gone() {
  return { notBefore: Date.now() - 24 * HOUR, notAfter: Date.now() - HOUR };
}

function past(issuer: typeof ca): Credential {
  return issuer.issue({ id: BILLING, ...gone() });
}

function dns(value: string): Credential {
  return ca.issue({ altNames: [{ type: 'dns', value }] });
}

function weak(): Credential {
  return ca.issue({ id: BILLING, keyPair: generateKeyPairSync('rsa', { modulusLength: 1024 }) });
}

const UNKNOWN = { oid: '1.2.3.4', critical: true, value: Buffer.from([5, 0]) };
