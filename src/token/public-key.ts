import { createPublicKey, type KeyObject } from 'node:crypto';
import { ALGORITHMS } from './algorithms.ts';
import { isObject, member, type JsonObject } from './json.ts';

/** A public key, and for which algorithms it may be used. */
export interface PublicKey {
  readonly key: KeyObject;
  readonly algorithms: ReadonlySet<string>;
}

/** Members that only a private or a shared key has. One that was published is no secret any more. */
const SECRET_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'];
/** Bits. Below, it can be broken; above, one signature costs milliseconds. */
const RSA_BITS = { least: 2048, most: 8192 };

/** Reads a JWK that is to verify signatures; or says why it cannot, in words that fit behind "the key". */
export function readPublicKey(jwk: unknown): PublicKey | string {
  if (!isObject(jwk)) return 'is no object';
  if (SECRET_MEMBERS.some((name) => Object.hasOwn(jwk, name))) return 'is not a public key';
  const use = member(jwk, 'use');
  if (use !== undefined && use !== 'sig') return 'is not for signatures';
  const operations = member(jwk, 'key_ops');
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify')))
    return 'is not for verifying';
  const algorithms = algorithmsOf(jwk);
  if (algorithms.size === 0) return 'fits no algorithm that is taken';
  const key = keyOf(jwk);
  if (key === undefined) return 'is broken';
  return key.asymmetricKeyType === 'rsa' && !isStrong(key)
    ? `does not have ${RSA_BITS.least} to ${RSA_BITS.most} bits`
    : { key, algorithms };
}

/** Those that fit its type and curve, and `alg` if it names one: a key is used for what it was made for (RFC 8725, 3.1). */
function algorithmsOf(jwk: JsonObject): ReadonlySet<string> {
  const alg = member(jwk, 'alg');
  const fitting = [...ALGORITHMS].filter(
    ([name, { kty, crv }]) =>
      member(jwk, 'kty') === kty &&
      member(jwk, 'crv') === crv &&
      (alg === undefined || alg === name),
  );
  return new Set(fitting.map(([name]) => name));
}

function keyOf(jwk: JsonObject): KeyObject | undefined {
  try {
    return createPublicKey({ key: { ...jwk }, format: 'jwk' });
  } catch {
    return undefined;
  }
}

function isStrong(key: KeyObject): boolean {
  const { modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {};
  return modulusLength >= RSA_BITS.least && modulusLength <= RSA_BITS.most && publicExponent >= 3n;
}
