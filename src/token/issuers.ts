import { Refusal, type IssuerEntry, type IssuerKeys as Place } from '../call/index.ts';
import { IssuerKeys, type KeysContext } from './issuer-keys.ts';
import { shown } from './shown.ts';

/** An entry of the policy and its keys. */
export interface Issuer {
  readonly entry: IssuerEntry;
  readonly keys: IssuerKeys;
}

/** The issuers of each policy. Keys outlive a reload of the policy that leaves their place as it was. */
export class Issuers {
  readonly #context: KeysContext;
  readonly #development: boolean;
  readonly #known = new WeakMap<readonly IssuerEntry[], ReadonlyMap<string, Issuer>>();
  #keys: ReadonlyMap<string, IssuerKeys> = new Map();

  constructor(context: KeysContext, development: boolean) {
    this.#context = context;
    this.#development = development;
  }

  /** All that are believed, by `iss`; of two entries for one issuer, neither. */
  of(entries: readonly IssuerEntry[]): ReadonlyMap<string, Issuer> {
    const known = this.#known.get(entries);
    if (known !== undefined) return known;
    const keys = this.#keysOf(entries);
    const issuers = entries
      .filter(({ issuer }) => entries.filter((other) => other.issuer === issuer).length === 1)
      .filter(({ development }) => !development || this.#development)
      .flatMap((entry) => ({ entry, keys: keys.get(nameOf(entry.keys)) }))
      .filter((issuer): issuer is Issuer => issuer.keys !== undefined);
    const byName = new Map(issuers.map((issuer) => [issuer.entry.issuer, issuer]));
    this.#known.set(entries, byName);
    return byName;
  }

  /** The one that a token names. @throws Refusal TOKEN_UNTRUSTED */
  pick(entries: readonly IssuerEntry[], iss: string): Issuer {
    const issuer = this.of(entries).get(iss);
    if (issuer !== undefined) return issuer;
    const entry = entries.find((one) => one.issuer === iss);
    throw new Refusal(
      'TOKEN_UNTRUSTED',
      entry?.development === true && !this.#development
        ? `issuer ${entry.name} is believed with 'development: true' in sidegate.yaml only`
        : `${shown(iss)} is no issuer of the policy`,
    );
  }

  /** Those that no entry names any more are dropped; a call that still has the old policy has them from there. */
  #keysOf(entries: readonly IssuerEntry[]): ReadonlyMap<string, IssuerKeys> {
    const keys = new Map<string, IssuerKeys>();
    for (const { keys: place } of entries) {
      const name = nameOf(place);
      keys.set(
        name,
        this.#keys.get(name) ?? keys.get(name) ?? new IssuerKeys(place, this.#context),
      );
    }
    this.#keys = keys;
    return keys;
  }
}

/** Keys are the same if they come from the same place, and are asked of the same server. */
function nameOf(place: Place): string {
  if (place.kind === 'file') return `file ${place.path}`;
  return `url ${place.spiffeId?.toString() ?? ''} ${place.url}`;
}
