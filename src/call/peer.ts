import type { SpiffeId } from '../spiffe/index.ts';

/** What a certificate says of its holder, read from the DER after it was verified. */
export interface PeerFacts {
  readonly spiffeId: SpiffeId;
  /** Lower-case hex. */
  readonly serial: string;
  /** SHA-256 of the leaf's DER, lower-case hex. */
  readonly sha256: string;
  /** Milliseconds since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** The generation of the trust that it was verified against. */
  readonly trustGeneration: number;
  /** Address and port, for the audit. */
  readonly address: string;
}

declare const verified: unique symbol;

/** A peer whose certificate was verified. Only `tls/` may make one; `test/architecture.test.ts` holds that. */
export interface VerifiedPeer extends PeerFacts {
  readonly [verified]: true;
}

/** To be called by `tls/` alone, after OpenSSL and our own checks have passed. */
export function verifiedPeer(facts: PeerFacts): VerifiedPeer {
  return facts as VerifiedPeer;
}
