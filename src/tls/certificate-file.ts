import { X509Certificate } from 'node:crypto';
import { readText, type FileUse } from '../files/index.ts';
import { OperatorFault } from '../lib/index.ts';
import {
  DerError,
  PemError,
  readCertificate,
  readPem,
  type CertificateFacts,
  type PemLabel,
} from '../spiffe/index.ts';

/** A certificate in both readings: OpenSSL's, which can verify, and ours. */
export interface ReadCertificate {
  readonly x509: X509Certificate;
  readonly facts: CertificateFacts;
}

/** @throws DerError, or what OpenSSL throws */
export function bothReadings(der: Buffer): ReadCertificate {
  return { facts: readCertificate(der), x509: new X509Certificate(der) };
}

/**
 * The certificates of a PEM file, in order; at least one.
 *
 * @throws OperatorFault
 */
export function readCertificateFile(path: string, use: FileUse): readonly ReadCertificate[] {
  return readPemFile(path, 'CERTIFICATE', use).map((der, index) => {
    try {
      return bothReadings(der);
    } catch (error) {
      const why = error instanceof DerError ? error.message : 'OpenSSL cannot read it';
      throw new OperatorFault(
        `certificate ${index + 1} of ${use.what} ${path} is broken: ${why}`,
        'Write the file anew from where the certificate came.',
        { cause: error },
      );
    }
  });
}

/** The DER of every block of a PEM file. @throws OperatorFault */
export function readPemFile(path: string, label: PemLabel, use: FileUse): readonly Buffer[] {
  const text = readText(path, use);
  try {
    return readPem(text, label);
  } catch (error) {
    if (!(error instanceof PemError)) throw error;
    throw new OperatorFault(
      `${use.what} ${path} ${error.message}`,
      text.trim() === '' ? `The file is empty. ${use.ifMissing}` : 'Check the file.',
      { cause: error },
    );
  }
}

export function isoTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace('.000', '');
}
