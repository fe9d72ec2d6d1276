export { SpiffeId, SpiffeIdError, TrustDomain } from './id.ts';
