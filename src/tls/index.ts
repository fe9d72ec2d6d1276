export type { MinTls } from './context.ts';
export {
  createDialer,
  type DialTarget,
  type DialledServer,
  type Dialer,
  type DialerOptions,
} from './dial.ts';
export type { FailedHandshake } from './failed-handshake.ts';
export { trustEnds, trustHealth } from './health.ts';
export { loadIdentity, type Identity } from './identity.ts';
export { stillTrusted } from './peer.ts';
export {
  identityShape,
  trustShape,
  type IdentitySection,
  type TrustDomainSection,
  type TrustSection,
} from './sections.ts';
export { createTlsServer, type TlsServerEvents, type TlsServerOptions } from './server.ts';
export { loadTrust, type DomainTrust, type Trust } from './trust.ts';
export type { RefusedPeer } from './verify.ts';
export { voucherOf, type Vouching } from './voucher.ts';
