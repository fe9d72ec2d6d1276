export { readCertificate, type CertificateFacts } from './certificate.ts';
export { readCrl, type CrlFacts } from './crl.ts';
export { DerError, type DerFault } from './der.ts';
export type { KeyUsage } from './extensions.ts';
export { SpiffeId, SpiffeIdError, TrustDomain } from './id.ts';
export { PemError, readPem, type PemLabel } from './pem.ts';
export {
  SERVER_AUTH,
  svidOf,
  type Svid,
  type SvidFault,
  type SvidFaultCode,
  type SvidReading,
} from './svid.ts';
