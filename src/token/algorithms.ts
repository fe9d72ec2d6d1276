/** What a key must be to sign with an algorithm of JWS, and how long its signatures are. */
export interface Algorithm {
  readonly kty: 'EC' | 'RSA' | 'OKP';
  /** Undefined for RSA. */
  readonly crv: string | undefined;
  /** Bytes; undefined for RSA, where it is the length of the modulus. */
  readonly signature: number | undefined;
}

const RSA: Algorithm = { kty: 'RSA', crv: undefined, signature: undefined };
const ED25519: Algorithm = { kty: 'OKP', crv: 'Ed25519', signature: 64 };

/** Every algorithm that is ever taken, asymmetric all of them. Names are compared as they are: `noNE` is none of them. */
export const ALGORITHMS: ReadonlyMap<string, Algorithm> = new Map([
  ['ES256', { kty: 'EC', crv: 'P-256', signature: 64 }],
  ['ES384', { kty: 'EC', crv: 'P-384', signature: 96 }],
  ['ES512', { kty: 'EC', crv: 'P-521', signature: 132 }],
  ['Ed25519', ED25519],
  ['EdDSA', ED25519],
  ['PS256', RSA],
  ['PS384', RSA],
  ['PS512', RSA],
  ['RS256', RSA],
  ['RS384', RSA],
  ['RS512', RSA],
]);

/** Those that a DPoP proof may be signed with. */
export const PROOF_ALGORITHMS: readonly string[] = [...ALGORITHMS.keys()];
