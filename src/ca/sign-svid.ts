import { OperatorFault } from '../lib/index.ts';
import type { CertificateAuthority } from './authority.ts';
import { signCertificate } from './certificate.ts';
import { readFacts, type CertificateFacts } from './facts.ts';
import { recordIssued } from './issued.ts';
import { keyPem, newKeyPair } from './keys.ts';
import { svidFields, type SvidNames, type Validity } from './profile.ts';

/** A signed SVID that is in the CA's memory, but not yet in any file that an agent reads. */
export interface FreshSvid {
  readonly certPem: string;
  readonly keyPem: string;
  readonly facts: CertificateFacts;
  readonly record: { readonly name: string; readonly serial: string };
}

/**
 * Signs an SVID with a new key. It is recorded before it is given away, so that whatever anybody holds can be revoked.
 *
 * @throws OperatorFault if the CA itself has expired
 */
export function signSvid(
  ca: CertificateAuthority,
  name: string,
  names: SvidNames,
  wanted: Validity,
): FreshSvid {
  if (ca.facts.notAfter <= ca.now())
    throw new OperatorFault(
      `the CA in ${ca.folder} expired at ${new Date(ca.facts.notAfter).toISOString()}`,
      'Run: sidegate ca renew',
    );
  const validity = { ...wanted, notAfter: Math.min(wanted.notAfter, ca.facts.notAfter) };
  const { privateKey, publicKey } = newKeyPair();
  const fields = svidFields(names, ca.facts.subject, publicKey, validity);
  const { pem } = signCertificate(fields, ca.key);
  const facts = readFacts(pem, `the new certificate of ${name}`, 'Report this as a bug.');
  recordIssued(ca.folder, name, facts.serial, pem);
  const record = { name, serial: facts.serial };
  return { certPem: pem, keyPem: keyPem(privateKey), facts, record };
}
