import { DerError, TAG, contextGroup, enterOnly, type DerReader } from './der.ts';
import { bitStringBytes, oidOf, serialOf, smallIntegerOf, takeTime } from './der-values.ts';
import {
  authorityKeyIdOf,
  basicConstraintsOf,
  extendedKeyUsageOf,
  keyUsageOf,
  readExtensions,
  subjectKeyIdOf,
  uriNamesOf,
  type KeyUsage,
} from './extensions.ts';

/** What a certificate says. Reading it verifies nothing. */
export interface CertificateFacts {
  /** Lower-case hexadecimal, without a sign octet. */
  readonly serial: string;
  /** Milliseconds since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** DER of the names; compared byte by byte. */
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  /** Every URI among the alternative names: raw bytes, one character a byte. */
  readonly uriSans: readonly string[];
  readonly isCa: boolean;
  /** How many CAs may stand between this one and a leaf; undefined for any number. */
  readonly pathLength: number | undefined;
  readonly keyUsage: KeyUsage | undefined;
  /** Dotted object identifiers. */
  readonly extendedKeyUsage: readonly string[] | undefined;
  /** Lower-case hexadecimal. */
  readonly subjectKeyId: string | undefined;
  readonly authorityKeyId: string | undefined;
}

const MAX_CERTIFICATE_BYTES = 64 * 1024;
const VERSION_3 = 2;

/**
 * Reads a version 3 certificate. Its keys, names and signature are OpenSSL's business, and so are extensions that are not
 * named here, critical or not.
 *
 * @throws DerError and nothing else
 */
export function readCertificate(der: Uint8Array): CertificateFacts {
  if (der.length > MAX_CERTIFICATE_BYTES)
    throw new DerError('TOO_LARGE', 'the certificate has more than 64 KiB');
  const certificate = enterOnly(der, TAG.sequence);
  const tbs = certificate.enter(TAG.sequence);
  const algorithm = certificate.take(TAG.sequence);
  bitStringBytes(certificate.take(TAG.bitString));
  certificate.end();
  return readTbs(tbs, algorithm.whole);
}

function readTbs(tbs: DerReader, outerAlgorithm: Uint8Array): CertificateFacts {
  const version = tbs.enter(contextGroup(0));
  if (smallIntegerOf(version.take(TAG.integer)) !== VERSION_3)
    throw new DerError('VALUE', 'the certificate is not of version 3');
  version.end();
  const serial = serialOf(tbs.take(TAG.integer));
  // The signature covers only the inner one (RFC 5280 4.1.1.2).
  if (!sameBytes(tbs.take(TAG.sequence).whole, outerAlgorithm))
    throw new DerError('VALUE', 'the two signature algorithms differ');
  const issuer = tbs.take(TAG.sequence).whole;
  const validity = tbs.enter(TAG.sequence);
  const notBefore = takeTime(validity);
  const notAfter = takeTime(validity);
  validity.end();
  const subject = tbs.take(TAG.sequence).whole;
  readKeyInfo(tbs.enter(TAG.sequence));
  const extensions = readExtensions(onlyInside(tbs, contextGroup(3)));
  tbs.end();
  return {
    ...{ serial, notBefore, notAfter, issuer, subject },
    ...basicConstraintsOf(extensions),
    uriSans: uriNamesOf(extensions),
    keyUsage: keyUsageOf(extensions),
    extendedKeyUsage: extendedKeyUsageOf(extensions),
    subjectKeyId: subjectKeyIdOf(extensions),
    authorityKeyId: authorityKeyIdOf(extensions),
  };
}

function readKeyInfo(info: DerReader): void {
  oidOf(info.enter(TAG.sequence).take(TAG.oid));
  bitStringBytes(info.take(TAG.bitString));
  info.end();
}

/** The SEQUENCE that an explicit tag is around. */
function onlyInside(reader: DerReader, tag: number): DerReader {
  return enterOnly(reader.take(tag).content, TAG.sequence);
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
