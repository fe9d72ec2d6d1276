import type { DomainTrust, Trust } from './trust.ts';

/** Trust domains of which nobody can be let in now, by what has run out. */
export interface TrustHealth {
  /** No root of theirs is within its validity. */
  readonly withoutRoots: readonly string[];
  /** Revocation is configured, and no list of a valid root is in force. */
  readonly withoutLists: readonly string[];
}

/** When the first of them ends, in milliseconds since the epoch; a list that cannot be used has ended long ago. */
export interface TrustEnds {
  readonly root: number;
  /** Undefined if revocation is configured for no domain. */
  readonly crl: number | undefined;
}

export function trustHealth(trust: Trust, now: number): TrustHealth {
  const domains = [...trust.domains.values()];
  const rootless = domains.filter((domain) => validRoots(domain, now).length === 0);
  const listless = domains.filter(
    (domain) => !rootless.includes(domain) && isListMissing(domain, now),
  );
  return { withoutRoots: rootless.map(nameOf), withoutLists: listless.map(nameOf) };
}

export function trustEnds(trust: Trust): TrustEnds {
  const domains = [...trust.domains.values()];
  const roots = domains.flatMap((domain) => domain.roots.map(({ facts }) => facts.notAfter));
  const lists = domains.flatMap(({ lists: known }) =>
    known?.length === 0 ? [0] : (known ?? []).map(({ facts }) => facts.nextUpdate),
  );
  return { root: Math.min(...roots), crl: lists.length === 0 ? undefined : Math.min(...lists) };
}

function validRoots({ roots }: DomainTrust, now: number): DomainTrust['roots'] {
  return roots.filter(({ facts }) => now >= facts.notBefore && now < facts.notAfter);
}

function isListMissing(domain: DomainTrust, now: number): boolean {
  const inForce = domain.lists?.filter((list) => list.isInForce(now));
  return (
    inForce?.some((list) => validRoots(domain, now).some((root) => list.isSignedBy(root))) === false
  );
}

function nameOf({ name }: DomainTrust): string {
  return name;
}
