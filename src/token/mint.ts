import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, SignJWT } from 'jose';

/** A private key that signs tokens, as a JWK: what a key file holds. Never to be logged. */
export interface SigningKey {
  readonly kty: 'EC';
  readonly crv: 'P-256';
  readonly x: string;
  readonly y: string;
  readonly d: string;
  /** Its thumbprint (RFC 7638), so that a new key never has the name of an old one. */
  readonly kid: string;
  readonly alg: 'ES256';
  readonly use: 'sig';
}

/** What an access token says (RFC 9068, 2.2). Times in seconds since the epoch. */
export interface AccessTokenClaims {
  readonly iss: string;
  readonly sub: string;
  readonly aud: string | readonly string[];
  readonly client_id: string;
  readonly iat: number;
  readonly exp: number;
  readonly jti: string;
  /** With blanks between them. */
  readonly scope?: string;
  readonly [claim: string]: unknown;
}

export async function generateSigningKey(): Promise<SigningKey> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  const { x, y, d } = await exportJWK(privateKey);
  if (x === undefined || y === undefined || d === undefined)
    throw new TypeError('a P-256 key without its numbers');
  const kid = await calculateJwkThumbprint({ kty: 'EC', crv: 'P-256', x, y }, 'sha256');
  return { kty: 'EC', crv: 'P-256', x, y, d, kid, alg: 'ES256', use: 'sig' };
}

/** The key set to publish: of each key, only what everybody may know. */
export function publicJwks(keys: readonly SigningKey[]): { keys: Omit<SigningKey, 'd'>[] } {
  return {
    keys: keys.map(({ kty, crv, x, y, kid, alg, use }) => ({ kty, crv, x, y, kid, alg, use })),
  };
}

/** Signs an access token: `typ: at+jwt`, ES256. For development and for tests; what it says is not checked. */
export async function signAccessToken(claims: AccessTokenClaims, key: SigningKey): Promise<string> {
  return new SignJWT({
    ...claims,
    aud: typeof claims.aud === 'string' ? claims.aud : [...claims.aud],
  })
    .setProtectedHeader({ typ: 'at+jwt', alg: 'ES256', kid: key.kid })
    .sign(await importJWK({ ...key }, 'ES256'));
}
