import { generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';
import { initCa, mint, signCertificate, type Minted } from '../../ca/index.ts';
import { readText } from '../../files/index.ts';
import type { Clock } from '../../lib/index.ts';
import { SpiffeId, TrustDomain } from '../../spiffe/index.ts';

/** What a caller shows in the handshake; PEM. */
export interface Credential {
  readonly cert: string;
  readonly key: string;
}

/** Those who call, by what they are; undefined shows no certificate. */
export interface Callers {
  readonly billing: Credential;
  readonly planner: Credential;
  readonly retired: Credential;
  readonly nobody: undefined;
  readonly selfSigned: Credential;
  readonly ofAnotherCa: Credential;
  readonly expired: Credential;
}

export const TRUST_DOMAIN = 'acme.test';
const HOUR = 3_600_000;

export function idOf(agent: string): string {
  return `spiffe://${TRUST_DOMAIN}/agent/${agent}`;
}

/**
 * Makes the sidecar's CA in `certs` below the folder, with the sidecar's own pair `invoices` there, and everybody who
 * will call. All who pretend claim the SPIFFE ID of billing.
 */
export function makeCallers(folder: string, now: Clock): Callers {
  const trustDomain = TrustDomain.parse(TRUST_DOMAIN);
  const ca = initCa({ folder: join(folder, 'certs'), trustDomain, now });
  // The same trust domain and the same name; only the key is another.
  const anotherCa = initCa({ folder: join(folder, 'another-ca'), trustDomain, now });
  const validity = { notBefore: now() - 25 * HOUR, notAfter: now() - HOUR };
  mint(ca, { name: 'invoices', ip: ['127.0.0.1'] });
  return {
    billing: read(mint(ca, { name: 'billing' })),
    planner: read(mint(ca, { name: 'planner' })),
    retired: read(mint(ca, { name: 'retired' })),
    nobody: undefined,
    selfSigned: signItself(idOf('billing'), now()),
    ofAnotherCa: read(mint(anotherCa, { name: 'billing' })),
    expired: read(mint(ca, { name: 'yesterday', id: SpiffeId.parse(idOf('billing')), validity })),
  };
}

function read({ certFile, keyFile }: Minted): Credential {
  const use = { what: 'what was just minted', ifMissing: 'Run the demo again.' };
  return { cert: readText(certFile, use), key: readText(keyFile, use) };
}

/** In every field like one of the CA's, but vouched for by nobody. */
function signItself(id: string, now: number): Credential {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const name = [{ type: 'CN', value: 'billing' }] as const;
  const { pem } = signCertificate(
    {
      subject: name,
      issuer: name,
      publicKey,
      notBefore: now - HOUR,
      notAfter: now + HOUR,
      basicConstraints: { ca: false },
      keyUsage: ['digitalSignature'],
      extendedKeyUsage: ['clientAuth'],
      altNames: [{ type: 'uri', value: id }],
    },
    privateKey,
  );
  return { cert: pem, key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
}
