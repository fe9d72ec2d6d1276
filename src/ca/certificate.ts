import { createPublicKey, randomBytes, sign, X509Certificate, type KeyObject } from 'node:crypto';
import {
  bitString,
  derOf,
  embedded,
  integer,
  oid,
  pemOf,
  sequence,
  smallInteger,
  tagged,
  time,
  type Element,
} from './encode.ts';
import {
  authorityKeyIdentifier,
  basicConstraints,
  encodeExtension,
  extendedKeyUsage,
  keyUsage,
  nameConstraints,
  subjectAltName,
  subjectKeyIdentifier,
  type AltName,
  type ExtendedKeyUsage,
  type Extension,
  type KeyUsage,
  type NameConstraints,
} from './extensions.ts';
import { encodeName, type DistinguishedName } from './name.ts';

/**
 * What stands in a certificate. Nothing is checked here: the profiles decide what is right, and tests make what is wrong.
 * An extension whose field is absent or undefined is left out.
 */
export interface CertificateFields {
  /** Big-endian, positive; by default `randomSerial()`. */
  readonly serial?: Uint8Array | undefined;
  readonly subject: DistinguishedName;
  readonly issuer: DistinguishedName;
  /** The key that is certified. */
  readonly publicKey: KeyObject;
  /** Milliseconds since the epoch, cut to whole seconds. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly altNames?: readonly AltName[] | undefined;
  /** By default critical if and only if the Subject is empty (RFC 5280 4.2.1.6). */
  readonly altNamesCritical?: boolean | undefined;
  readonly basicConstraints?: { readonly ca: boolean; readonly pathLength?: number } | undefined;
  readonly keyUsage?: readonly KeyUsage[] | undefined;
  readonly extendedKeyUsage?: readonly ExtendedKeyUsage[] | undefined;
  readonly nameConstraints?: NameConstraints | undefined;
  /** Further extensions, as they are. */
  readonly extensions?: readonly Extension[] | undefined;
}

export interface SignedCertificate {
  readonly der: Buffer;
  readonly pem: string;
  readonly x509: X509Certificate;
}

const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2';

/** Signs a certificate by ECDSA with SHA-256; the signer's key is a private P-256 key. */
export function signCertificate(
  fields: CertificateFields,
  signerKey: KeyObject,
): SignedCertificate {
  const extensions = extensionsOf(fields, createPublicKey(signerKey)).map(encodeExtension);
  const body = sequence(
    tagged(0, smallInteger(2)),
    integer(fields.serial ?? randomSerial()),
    signatureAlgorithm(),
    encodeName(fields.issuer),
    sequence(time(fields.notBefore), time(fields.notAfter)),
    encodeName(fields.subject),
    embedded(fields.publicKey.export({ type: 'spki', format: 'der' })),
    tagged(3, sequence(...extensions)),
  );
  const der = signedDer(body, signerKey);
  return { der, pem: pemOf('CERTIFICATE', der), x509: new X509Certificate(der) };
}

/** A TBS structure with its algorithm and signature: what certificates and CRLs have in common. */
export function signedDer(body: Element, signerKey: KeyObject): Buffer {
  const signature = sign('sha256', derOf(body), signerKey);
  return derOf(sequence(body, signatureAlgorithm(), bitString(signature)));
}

export function signatureAlgorithm(): Element {
  return sequence(oid(ECDSA_WITH_SHA256));
}

/** 17 octets: a one, then 128 random bits. So it is positive, never too long, and always written in the same length. */
export function randomSerial(): Buffer {
  return Buffer.concat([Uint8Array.of(1), randomBytes(16)]);
}

function extensionsOf(fields: CertificateFields, authority: KeyObject): Extension[] {
  const { altNames, basicConstraints: basic } = fields;
  const sanCritical = fields.altNamesCritical ?? fields.subject.length === 0;
  return [
    basic && basicConstraints(basic.ca, basic.pathLength),
    fields.keyUsage && keyUsage(fields.keyUsage),
    fields.extendedKeyUsage && extendedKeyUsage(fields.extendedKeyUsage),
    subjectKeyIdentifier(fields.publicKey),
    authorityKeyIdentifier(authority),
    altNames && subjectAltName(altNames, sanCritical),
    fields.nameConstraints && nameConstraints(fields.nameConstraints),
    ...(fields.extensions ?? []),
  ].filter((extension) => extension !== undefined);
}
