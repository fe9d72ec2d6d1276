import type { KeyObject } from 'node:crypto';
import { DerError, PemError, readPem, svidOf } from '../spiffe/index.ts';
import { bothReadings, readCertificateFile, type ReadCertificate } from './certificate-file.ts';
import { chainTo } from './chain.ts';

/** Whose certificate it is, and when it can be relied on; or why it cannot. */
export type Vouching =
  | {
      readonly ok: true;
      readonly spiffeId: string;
      /** Of the leaf, lower-case hexadecimal. */
      readonly sha256: string;
      readonly key: KeyObject;
      /** When every certificate up to the root is valid: from (inclusive) until (exclusive), in milliseconds. */
      readonly from: number;
      readonly until: number;
    }
  | { readonly ok: false; readonly detail: string };

/**
 * Judges certificates that signed something earlier, PEM, leaf first. Whether they were valid at that time is left to the
 * caller; so is revocation. Without roots, nobody vouches: the certificate is only read.
 *
 * @throws OperatorFault if the roots cannot be read
 */
export function voucherOf(rootsFile: string | undefined): (certPem: string) => Vouching {
  const use = { what: 'the roots', ifMissing: 'Name the file of the roots with --roots.' };
  const roots = rootsFile === undefined ? undefined : readCertificateFile(rootsFile, use);
  return (certPem) => {
    try {
      const [leaf, ...sent] = readPem(certPem, 'CERTIFICATE').map((der) => bothReadings(der));
      if (leaf === undefined) return { ok: false, detail: 'it is empty' };
      return vouchFor(leaf, sent, roots);
    } catch (error) {
      const known = error instanceof DerError || error instanceof PemError;
      return { ok: false, detail: known ? `it ${error.message}` : 'it cannot be read' };
    }
  };
}

function vouchFor(
  leaf: ReadCertificate,
  sent: readonly ReadCertificate[],
  roots: readonly ReadCertificate[] | undefined,
): Vouching {
  const reading = svidOf(leaf.x509.raw);
  if (!reading.ok) return { ok: false, detail: reading.fault.detail };
  const { notBefore, notAfter } = leaf.facts;
  const chain = roots && chainTo(roots, leaf, sent);
  if (chain?.ok === false) return { ok: false, detail: chain.detail };
  return {
    ok: true,
    spiffeId: reading.svid.spiffeId.toString(),
    sha256: leaf.x509.fingerprint256.replaceAll(':', '').toLowerCase(),
    key: leaf.x509.publicKey,
    from: chain?.from ?? notBefore,
    until: chain?.until ?? notAfter,
  };
}
