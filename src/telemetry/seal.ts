import { sign, verify, type KeyObject } from 'node:crypto';

/** What heads are signed with: the identity of the sidecar as it is now. */
export interface Seal {
  readonly alg: string;
  /** SHA-256 of the leaf's DER, lower-case hexadecimal. */
  readonly certSha256: string;
  /** The leaf, then its intermediates: what a verifier needs besides the roots. */
  readonly certPem: string;
  readonly sign: (bytes: Uint8Array) => Uint8Array;
}

/** The seal in force; undefined while there is none. */
export type CurrentSeal = () => Seal | undefined;

interface Algorithm {
  readonly fits: (key: KeyObject) => boolean;
  readonly digest: string | null;
}

const onCurve =
  (curve: string) =>
  ({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): boolean =>
    asymmetricKeyType === 'ec' && asymmetricKeyDetails?.namedCurve === curve;

/** By the names of RFC 7518 and RFC 8037. */
const ALGORITHMS: ReadonlyMap<string, Algorithm> = new Map<string, Algorithm>([
  ['ES256', { fits: onCurve('prime256v1'), digest: 'sha256' }],
  ['ES384', { fits: onCurve('secp384r1'), digest: 'sha384' }],
  ['ES512', { fits: onCurve('secp521r1'), digest: 'sha512' }],
  ['RS256', { fits: (key) => key.asymmetricKeyType === 'rsa', digest: 'sha256' }],
  ['EdDSA', { fits: (key) => key.asymmetricKeyType === 'ed25519', digest: null }],
]);

/** @throws TypeError for a key that cannot sign a head */
export function sealWith(
  identity: Pick<Seal, 'certPem' | 'certSha256'>,
  key: KeyObject,
): Readonly<Seal> {
  for (const [alg, { fits, digest }] of ALGORITHMS)
    if (fits(key)) return { ...identity, alg, sign: (bytes) => sign(digest, bytes, joined(key)) };
  throw new TypeError(`no algorithm signs with a key of type ${key.asymmetricKeyType}`);
}

/** Whether the signature is by this key. An algorithm that is not the key's own is none of ours: false. */
export function sealed(alg: string, key: KeyObject, bytes: Uint8Array, by: Uint8Array): boolean {
  const algorithm = ALGORITHMS.get(alg);
  if (algorithm?.fits(key) !== true) return false;
  return verify(algorithm.digest, bytes, joined(key), by);
}

/** Both numbers of an ECDSA signature one after the other, as JOSE has them. */
function joined(key: KeyObject): { key: KeyObject; dsaEncoding: 'ieee-p1363' } {
  return { key, dsaEncoding: 'ieee-p1363' };
}
