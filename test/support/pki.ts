import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import {
  signCertificate,
  signCrl,
  type AltName,
  type CertificateFields,
  type DistinguishedName,
  type RevokedEntry,
  type SignedCrl,
} from '../../src/ca/index.ts';

/** A certificate with its key, in every form that a test may need. Nothing here touches the disk. */
export interface Credential {
  readonly certPem: string;
  readonly keyPem: string;
  readonly der: Buffer;
  /** The leaf, then the intermediates; never the root. What a TLS peer sends. */
  readonly chainPem: string;
  readonly key: KeyObject;
  /** As `X509Certificate.serialNumber` gives it. */
  readonly serial: string;
}

/**
 * What to put into a certificate. By default it is a perfect SVID for `spiffe://TRUSTDOMAIN/agent/test` that is valid for
 * an hour; every field of the certificate can be overridden, and one that is given as `undefined` is left out.
 */
export interface IssueOptions extends Partial<CertificateFields> {
  /** The one URI; any text. Ignored where `altNames` is given. */
  readonly id?: string;
  readonly dns?: readonly string[];
  readonly ip?: readonly string[];
  /** The pair to certify instead of a new P-256 one. */
  readonly keyPair?: { readonly publicKey: KeyObject; readonly privateKey: KeyObject };
}

export interface CaOptions extends Partial<CertificateFields> {
  /** The CA's own URI and, unless told otherwise, what its name constraint permits. */
  readonly trustDomain: string;
}

export interface CrlOptions {
  /** Serials in hexadecimal, or whole entries. */
  readonly revoked?: readonly (string | RevokedEntry)[];
  readonly thisUpdate?: number;
  readonly nextUpdate?: number;
  readonly number?: number;
}

export interface ThrowawayCa extends Credential {
  readonly trustDomain: string;
  readonly name: DistinguishedName;
  issue(options?: IssueOptions): Credential;
  /** A CA below this one; what it issues carries it in `chainPem`. */
  intermediate(options?: Partial<CaOptions>): ThrowawayCa;
  crl(options?: CrlOptions): SignedCrl;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** A root of a trust domain, in memory. It has a name constraint unless `nameConstraints` is given as `undefined`. */
export function throwawayCa(options: CaOptions): ThrowawayCa {
  const pair = newPair();
  const fields = caFields(options, pair.publicKey);
  return caOf(
    options.trustDomain,
    fields,
    pair.privateKey,
    signed(fields, pair.privateKey, pair.privateKey, ''),
    '',
  );
}

/** A certificate that nobody vouches for: signed by its own key, and claiming what it likes. */
export function selfSigned(options: IssueOptions = {}): Credential {
  const pair = options.keyPair ?? newPair();
  const fields = leafFields(
    'self.test',
    [{ type: 'CN', value: 'self-signed' }],
    options,
    pair.publicKey,
  );
  return signed({ ...fields, issuer: fields.subject }, pair.privateKey, pair.privateKey, '');
}

function caOf(
  trustDomain: string,
  own: CertificateFields,
  key: KeyObject,
  credential: Credential,
  chainAbove: string,
): ThrowawayCa {
  return {
    ...credential,
    trustDomain,
    name: own.subject,
    issue(options = {}) {
      const pair = options.keyPair ?? newPair();
      const fields = leafFields(trustDomain, own.subject, options, pair.publicKey);
      return signed(fields, key, pair.privateKey, chainAbove);
    },
    intermediate(options = {}) {
      const pair = newPair();
      const subject: DistinguishedName = [{ type: 'CN', value: `${trustDomain} intermediate` }];
      const given = { trustDomain, subject, issuer: own.subject, ...options };
      const fields = caFields(given, pair.publicKey);
      const below = signed(fields, key, pair.privateKey, chainAbove);
      return caOf(given.trustDomain, fields, pair.privateKey, below, below.chainPem);
    },
    crl(options = {}) {
      const now = Date.now();
      const { thisUpdate = now - MINUTE, nextUpdate = now + HOUR, number = 1 } = options;
      const revoked = (options.revoked ?? []).map((entry) =>
        typeof entry === 'string' ? { serial: entry, revokedAt: thisUpdate } : entry,
      );
      return signCrl({ issuer: own.subject, number, thisUpdate, nextUpdate, revoked }, key);
    },
  };
}

function caFields(options: CaOptions, publicKey: KeyObject): CertificateFields {
  const { trustDomain, ...overrides } = options;
  const now = Date.now();
  const subject = overrides.subject ?? [{ type: 'CN', value: `${trustDomain} throwaway CA` }];
  return {
    subject,
    issuer: subject,
    publicKey,
    notBefore: now - MINUTE,
    notAfter: now + 24 * HOUR,
    basicConstraints: { ca: true },
    keyUsage: ['keyCertSign', 'cRLSign'],
    altNames: [{ type: 'uri', value: `spiffe://${trustDomain}` }],
    nameConstraints: { permittedUris: [trustDomain] },
    ...overrides,
  };
}

function leafFields(
  trustDomain: string,
  issuer: DistinguishedName,
  options: IssueOptions,
  publicKey: KeyObject,
): CertificateFields {
  const { id = `spiffe://${trustDomain}/agent/test`, dns = [], ip = [], ...overrides } = options;
  const now = Date.now();
  const altNames: AltName[] = [
    { type: 'uri', value: id },
    ...dns.map((value) => ({ type: 'dns', value }) as const),
    ...ip.map((value) => ({ type: 'ip', value }) as const),
  ];
  return {
    subject: [],
    issuer,
    publicKey,
    notBefore: now - MINUTE,
    notAfter: now + HOUR,
    basicConstraints: { ca: false },
    keyUsage: ['digitalSignature'],
    extendedKeyUsage: ['serverAuth', 'clientAuth'],
    altNames,
    ...overrides,
  };
}

function signed(
  fields: CertificateFields,
  signerKey: KeyObject,
  ownKey: KeyObject,
  chainAbove: string,
): Credential {
  const { der, pem, x509 } = signCertificate(fields, signerKey);
  return {
    certPem: pem,
    keyPem: ownKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    der,
    chainPem: pem + chainAbove,
    key: ownKey,
    serial: x509.serialNumber,
  };
}

function newPair() {
  return generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
}
