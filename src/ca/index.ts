export { openCa, type CertificateAuthority } from './authority.ts';
export {
  randomSerial,
  signCertificate,
  type CertificateFields,
  type SignedCertificate,
} from './certificate.ts';
export {
  REVOCATION_REASONS,
  signCrl,
  type CrlFields,
  type RevocationReason,
  type RevokedEntry,
  type SignedCrl,
} from './crl.ts';
export { ensure, type Ensured, type EnsureOptions } from './ensure.ts';
export type {
  AltName,
  ExtendedKeyUsage,
  Extension,
  KeyUsage,
  NameConstraints,
} from './extensions.ts';
export type { CertificateFacts } from './facts.ts';
export { initCa, type InitOptions } from './init.ts';
export {
  listCertificates,
  showCertificate,
  type CertificateDetails,
  type CertificateReport,
  type CertificateState,
  type CertificateSummary,
} from './list.ts';
export { mint, type Minted, type MintOptions } from './mint.ts';
export type { DistinguishedName, NamePart } from './name.ts';
export type { Validity } from './profile.ts';
export { renew, type RenewalReport, type Renewed } from './renew.ts';
export { revoke, type Revocation, type RevokeOptions } from './revoke.ts';
export { watchRenewal, type RenewalWatch, type WatchOptions } from './watch.ts';
