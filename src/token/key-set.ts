import type { KeyObject } from 'node:crypto';
import { member, readObject } from './json.ts';
import { readPublicKey, type PublicKey } from './public-key.ts';
import { shown } from './shown.ts';

const MAX_KEYS = 64;
const MAX_KID = 256;

/** Keys that an issuer published cannot be had, or used; `message` says why. */
export class KeysFault extends Error {
  override readonly name = 'KeysFault';
}

interface NamedKey extends PublicKey {
  readonly kid: string | undefined;
}

/** The keys of an issuer as they were published at one time, without those that cannot verify access tokens. */
export class KeySet {
  readonly #keys: readonly NamedKey[];

  private constructor(keys: readonly NamedKey[]) {
    this.#keys = keys;
  }

  /**
   * Reads a JWK Set (RFC 7517). Keys that are of no use are passed over, so a set may be empty: an issuer that withdraws
   * all its keys is believed.
   *
   * @throws KeysFault
   */
  static parse(bytes: Uint8Array): KeySet {
    const set = readObject(bytes);
    if (typeof set === 'string') throw new KeysFault(`the key set ${set}`);
    const keys = member(set, 'keys');
    if (!Array.isArray(keys)) throw new KeysFault('the key set has no list of keys');
    if (keys.length > MAX_KEYS) throw new KeysFault(`the key set has more than ${MAX_KEYS} keys`);
    return new KeySet(keys.flatMap((jwk: unknown) => usableKey(jwk) ?? []));
  }

  /**
   * The one key that can have signed with this algorithm, under this name if there is one; or why there is none. Of two
   * that fit, it cannot be told which was meant, so neither is taken.
   */
  find(alg: string, kid: string | undefined): KeyObject | string {
    const named = kid === undefined ? this.#keys : this.#keys.filter((key) => key.kid === kid);
    const [fitting, ...others] = named.filter(({ algorithms }) => algorithms.has(alg));
    const wanted = kid === undefined ? `${alg}, without a kid` : `${alg} with kid ${shown(kid)}`;
    if (fitting === undefined) return `no key fits ${wanted}`;
    return others.length === 0 ? fitting.key : `more than one key fits ${wanted}`;
  }
}

function usableKey(jwk: unknown): NamedKey | undefined {
  const key = readPublicKey(jwk);
  if (typeof key === 'string') return undefined;
  const { kid } = jwk as { readonly kid?: unknown };
  if (kid === undefined) return { ...key, kid };
  return typeof kid === 'string' && kid !== '' && kid.length <= MAX_KID
    ? { ...key, kid }
    : undefined;
}
