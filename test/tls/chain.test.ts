import { describe, expect, it } from 'vitest';
import { throwawayCa, type Credential, type ThrowawayCa } from '../support/pki.ts';
import { HOUR, startRig } from './rig.ts';

const root = throwawayCa({ trustDomain: 'a.test' });
const flat = throwawayCa({ trustDomain: 'a.test', basicConstraints: { ca: true, pathLength: 0 } });
const one = below(root, 'one');
const two = below(one, 'two');

function below(
  ca: ThrowawayCa,
  name: string,
  options: Parameters<ThrowawayCa['intermediate']>[0] = {},
): ThrowawayCa {
  return ca.intermediate({ subject: [{ type: 'CN', value: name }], ...options });
}

const sending = (credential: Credential, ...above: readonly Credential[]): Credential => ({
  ...credential,
  chainPem: [credential, ...above].map(({ certPem }) => certPem).join(''),
});

/** The verdict, and in brackets which of the two checks refused it. */
async function judged(credential: Credential, ca = root): Promise<string> {
  const rig = await startRig({ ca });
  rig.connect(credential);
  const outcome = await rig.outcome();
  if (outcome.kind === 'peer') return 'OK';
  if (outcome.kind === 'failed') return outcome.failed.code;
  const { code, detail } = outcome.refused;
  return `${code} (${detail.startsWith('OpenSSL') ? 'OpenSSL' : 'ours'})`;
}

describe('a chain', () => {
  const leaf = two.issue();

  it.each([
    ['of a leaf and its root', root.issue()],
    ['with the root sent along', sending(root.issue(), root)],
    ['with one CA between', one.issue()],
    ['with two CAs between', leaf],
    ['that was sent in another order', sending(leaf, root, one, two)],
    ['with a certificate that does not belong to it', sending(leaf, flat, two, one)],
    ['with four CAs between', below(below(two, 'three'), 'four').issue()],
    ['below a root that allows no CA between', flat.issue(), flat],
  ])('%s is good', async (_, credential, ca?: ThrowawayCa) => {
    expect(await judged(credential, ca)).toBe('OK');
  });

  it.each<[string, Credential, ThrowawayCa?]>([
    ['without the CA between', sending(leaf)],
    ['without one of the CAs between', sending(leaf, two)],
    [
      'with a CA between that is no CA',
      below(root, 'x', { basicConstraints: { ca: false } }).issue(),
    ],
    [
      'with a CA between that does not say so',
      below(root, 'x', { basicConstraints: undefined }).issue(),
    ],
    ['with a CA between that may not sign', below(root, 'x', { keyUsage: ['cRLSign'] }).issue()],
    ['with a CA between without key usage', below(root, 'x', { keyUsage: undefined }).issue()],
    ['with a CA below a root that allows none', below(flat, 'x').issue(), flat],
    [
      'with a CA below one that allows none',
      below(below(root, 'x', { basicConstraints: { ca: true, pathLength: 0 } }), 'y').issue(),
    ],
    ['with five CAs between', below(below(below(two, 'three'), 'four'), 'five').issue()],
    ['that a leaf has signed', signedByLeaf()],
    ['whose leaf was changed after it had been signed', forged(root.issue())],
    ['whose CA between was changed after it had been signed', sending(one.issue(), forged(one))],
  ])('%s is refused by our own check', async (_, credential, ca) => {
    expect(await judged(credential, ca)).toBe('UNTRUSTED_CERTIFICATE (ours)');
  });

  it('is seen whole in TLS 1.2, too', async () => {
    const rig = await startRig({ ca: root, minTls: '1.2' });
    expect(await rig.verdict(leaf, { maxVersion: 'TLSv1.2' })).toBe('OK');
  });

  it('with a CA between that has expired is refused as expired', async () => {
    const old = below(root, 'x', { notBefore: Date.now() - 2 * HOUR, notAfter: Date.now() - HOUR });
    expect(await judged(old.issue())).toBe('CERTIFICATE_EXPIRED (ours)');
  });

  it('that breaks a name constraint is refused by OpenSSL', async () => {
    const narrow = below(root, 'x', { nameConstraints: { permittedUris: ['other.test'] } });
    expect(await judged(narrow.issue())).toBe('UNTRUSTED_CERTIFICATE (OpenSSL)');
  });

  it('whose root was renewed with the same key goes by the renewed one', async () => {
    const rig = await startRig({ ca: root, domains: { 'a.test': { roots: renewed() } } });
    expect(await rig.verdict(root.issue())).toBe('OK');
  });
});

/** A root with the same name as ours, older and of another key, before ours. */
function renewed(): string {
  const now = Date.now();
  const dates = { notBefore: now - 2 * HOUR, notAfter: now - HOUR };
  return throwawayCa({ trustDomain: 'a.test', ...dates }).certPem + root.certPem;
}

/** With another serial: names and key identifiers still fit, the signature does not. */
function forged(credential: Credential): Credential {
  const der = Buffer.from(credential.der);
  const serial = der.indexOf(Buffer.from(credential.serial, 'hex'));
  der[serial + 5] = (der[serial + 5] ?? 0) ^ 1;
  const certPem = `-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n`;
  return { ...credential, der, certPem, chainPem: certPem };
}

function signedByLeaf(): Credential {
  const leafAsCa = below(root, 'leaf', {
    basicConstraints: undefined,
    keyUsage: ['digitalSignature'],
    altNames: [{ type: 'uri', value: 'spiffe://a.test/agent/planner' }],
    nameConstraints: undefined,
  });
  return leafAsCa.issue({ id: 'spiffe://a.test/agent/billing' });
}
