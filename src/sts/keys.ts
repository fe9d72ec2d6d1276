/** A private JWK (RFC 7517) for ES256, complete; here only its name matters. */
export interface SigningKey {
  readonly kid: string;
}

/** The newest first: that one signs, all are published. */
export type SigningKeys = readonly [SigningKey, ...SigningKey[]];
