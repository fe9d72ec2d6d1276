import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { OperatorFault } from '../../src/lib/index.ts';
import { loadIdentity } from '../../src/tls/index.ts';
import { throwawayCa, type Credential, type IssueOptions } from '../support/pki.ts';
import { HOUR, scratch } from './rig.ts';

const ca = throwawayCa({ trustDomain: 'acme.test' });
const good = ca.issue({ id: 'spiffe://acme.test/agent/billing' });

/** What loading says of these two files. */
function faultOf(cert: string | undefined, key: string | undefined, now = Date.now()) {
  const write = scratch();
  const section = {
    cert: cert === undefined ? '/nowhere/own.crt' : write('own.crt', cert),
    key: key === undefined ? '/nowhere/own.key' : write('own.key', key),
  };
  try {
    loadIdentity(section, now);
  } catch (error) {
    if (error instanceof OperatorFault) return error.render();
    throw error;
  }
  return 'no fault';
}

describe('our identity', () => {
  it('is the leaf, its chain and its key, with what the leaf says', () => {
    const intermediate = ca.intermediate();
    const leaf = intermediate.issue({ id: 'spiffe://acme.test/agent/billing' });
    const write = scratch();
    const files = { cert: write('c', leaf.chainPem), key: write('k', leaf.keyPem) };
    const identity = loadIdentity(files, Date.now());
    expect(identity.spiffeId.toString()).toBe('spiffe://acme.test/agent/billing');
    expect(identity.serial).toBe(leaf.serial.toLowerCase());
    expect(identity.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(identity.certPem).toBe(leaf.chainPem);
    expect(identity.notAfter).toBeGreaterThan(Date.now());
    expect(Object.isFrozen(identity)).toBe(true);
  });

  it('may have an EC key as OpenSSL writes it, with its parameters before it', () => {
    const pem = good.key.export({ type: 'sec1', format: 'pem' }).toString();
    const parameters =
      '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n';
    expect(faultOf(good.chainPem, parameters + pem)).toBe('no fault');
  });

  it.each<[string, string | undefined, string | undefined, RegExp]>([
    ['the certificate is missing', undefined, good.keyPem, /no such file[^]*sidegate ca init/],
    ['the key is missing', good.chainPem, undefined, /no such file[^]*sidegate ca mint/],
    ['the certificate is empty', '', good.keyPem, /no CERTIFICATE[^]*The file is empty/],
    ['the key is empty', good.chainPem, '', /no private key in PEM/],
    ['the two are swapped', good.keyPem, good.chainPem, /PRIVATE KEY block where only CERTIFICATE/],
    ['the key is a certificate', good.chainPem, good.chainPem, /no private key in PEM/],
    ['the key is of another certificate', good.chainPem, ca.issue().keyPem, /does not fit/],
    ['the certificate is broken', good.certPem.replace('MII', 'MIA'), good.keyPem, /is broken/],
    ['the chain is out of order', ca.intermediate().certPem, good.keyPem, /no X.509-SVID/],
    ['another leaf follows', good.certPem + ca.issue().certPem, good.keyPem, /did not issue/],
  ])('is refused if %s', (_, cert, key, message) => {
    expect(faultOf(cert, key)).toMatch(message);
  });

  it.each<[string, IssueOptions, RegExp]>([
    ['it has no ID', { altNames: undefined }, /no X.509-SVID/],
    ['it has no path', { id: 'spiffe://acme.test' }, /no X.509-SVID: the SPIFFE ID has no path/],
    ['it is not for clients', { extendedKeyUsage: ['serverAuth'] }, /name clientAuth/],
    ['it is not for servers', { extendedKeyUsage: ['clientAuth'] }, /name serverAuth/],
    ['it has expired', { notAfter: Date.now() - 1000 }, /expired at 20.*Z\n.*sidegate ca renew/],
    ['it is not valid yet', { notBefore: Date.now() + HOUR }, /valid only from 20.*\n.*clock/],
  ])('is refused if %s', (_, options, message) => {
    const leaf = ca.issue(options);
    expect(faultOf(leaf.chainPem, leaf.keyPem)).toMatch(message);
  });

  it('is refused if the key is encrypted, in both ways of writing that', () => {
    const secret = { cipher: 'aes-256-cbc', passphrase: 'x' } as const;
    const key = createPrivateKey(good.keyPem);
    for (const type of ['pkcs8', 'sec1'] as const) {
      const pem = key.export({ type, format: 'pem', ...secret }).toString();
      expect(faultOf(good.chainPem, pem)).toMatch(/is encrypted\n.*openssl pkey/);
    }
  });

  it('is refused if OpenSSL finds its key too weak', () => {
    const weak = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const leaf: Credential = ca.issue({ keyPair: weak });
    expect(faultOf(leaf.chainPem, leaf.keyPem)).toMatch(/OpenSSL does not take .*too small/);
  });

  it('never shows the key', () => {
    const secretLine = good.keyPem.split('\n')[1] ?? 'none';
    const other = ca.issue();
    expect(faultOf(other.chainPem, good.keyPem)).not.toContain(secretLine);
    expect(faultOf(good.keyPem, good.keyPem)).not.toContain(secretLine);
    expect(faultOf(good.chainPem, good.keyPem.replace('MI', '!!'))).not.toContain(secretLine);
  });
});
