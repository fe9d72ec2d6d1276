import type { ReadCertificate } from './certificate-file.ts';

export type ChainReading =
  | {
      readonly ok: true;
      /** Leaf first, root last. */
      readonly path: readonly ReadCertificate[];
      /** When every certificate of the path is valid: from (inclusive) until (exclusive), in milliseconds. */
      readonly from: number;
      readonly until: number;
    }
  | { readonly ok: false; readonly detail: string };

const MAX_INTERMEDIATES = 4;

/**
 * Walks from a leaf over the CAs that the peer sent to one of `roots`, verifying every signature, CA flag, key usage and
 * path length (RFC 5280 6.1). Dates are left to the caller; name constraints and unknown critical extensions are held by
 * OpenSSL in the handshake.
 */
export function chainTo(
  roots: readonly ReadCertificate[],
  leaf: ReadCertificate,
  sent: readonly ReadCertificate[],
): ChainReading {
  const path = [leaf];
  const left = [...sent];
  for (let below = leaf; path.length <= MAX_INTERMEDIATES + 1;) {
    const fits = (issuer: ReadCertificate): boolean => mayIssue(issuer, below, path.length - 1);
    const root = roots.find(fits);
    if (root !== undefined) return whole([...path, root]);
    const next = left.findIndex(fits);
    const [issuer] = next === -1 ? [] : left.splice(next, 1);
    if (issuer === undefined)
      return { ok: false, detail: 'no root of its trust domain vouches for it' };
    path.push(issuer);
    below = issuer;
  }
  return { ok: false, detail: 'its chain is too long' };
}

/** `between` counts the CAs below this issuer, which is stricter than RFC 5280: self-issued ones count too. */
function mayIssue(issuer: ReadCertificate, subject: ReadCertificate, between: number): boolean {
  const { isCa, keyUsage, pathLength } = issuer.facts;
  if (!isCa || keyUsage?.keyCertSign !== true) return false;
  if (pathLength !== undefined && between > pathLength) return false;
  return subject.x509.checkIssued(issuer.x509) && subject.x509.verify(issuer.x509.publicKey);
}

function whole(path: readonly ReadCertificate[]): ChainReading {
  return {
    ok: true,
    path,
    from: Math.max(...path.map(({ facts }) => facts.notBefore)),
    until: Math.min(...path.map(({ facts }) => facts.notAfter)),
  };
}
