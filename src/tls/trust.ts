import { OperatorFault } from '../lib/index.ts';
import { isoTime, readCertificateFile, type ReadCertificate } from './certificate-file.ts';
import { loadLists, type RevocationLists } from './revocation.ts';
import type { TrustDomainSection, TrustSection } from './sections.ts';

/** What vouches for the members of one trust domain, and for nobody else. */
export interface DomainTrust {
  readonly name: string;
  /** The one that is valid longest first. */
  readonly roots: readonly ReadCertificate[];
  /** Undefined if revocation is not configured for this domain. */
  readonly lists: RevocationLists | undefined;
}

/** Whom we trust. Never changed: a reload makes a new one, with the next generation. */
export interface Trust {
  readonly generation: number;
  readonly domains: ReadonlyMap<string, DomainTrust>;
  /** For the operator: what is wrong, but only keeps peers out. */
  readonly warnings: readonly string[];
}

/**
 * Loads the roots and revocation lists of every trust domain. At start, a list that cannot be used is a warning, and keeps
 * its domain's peers out; on a reload (`previous` given) it is a fault, so that the trust that works stays in force.
 *
 * @throws OperatorFault
 */
export function loadTrust(section: TrustSection, now: number, previous?: Trust): Trust {
  const warnings: string[] = [];
  const warn = (warning: string): void => void warnings.push(warning);
  const domains = new Map<string, DomainTrust>();
  for (const [name, files] of Object.entries(section)) {
    const roots = loadRoots(name, files, now, warn);
    const strict = previous !== undefined;
    const lists =
      files.crl === undefined
        ? undefined
        : loadLists(files.crl, { name, roots, now, strict, warn });
    domains.set(name, Object.freeze({ name, roots, lists }));
  }
  warnSharedRoots(domains, warn);
  const generation = (previous?.generation ?? 0) + 1;
  return Object.freeze({ generation, domains, warnings });
}

/** Every root of every domain, for OpenSSL: good enough to complete a handshake, not to let anybody in. */
export function allRoots(trust: Trust): string[] {
  const roots = [...trust.domains.values()].flatMap((domain) => domain.roots);
  return [...new Set(roots.map(({ x509 }) => x509.toString()))];
}

/** The roots of one domain, for OpenSSL. Of a domain that is not known there are none, and an empty list trusts nobody. */
export function rootsOf(trust: Trust, domain: string): string[] {
  return (trust.domains.get(domain)?.roots ?? []).map(({ x509 }) => x509.toString());
}

function loadRoots(
  name: string,
  files: TrustDomainSection,
  now: number,
  warn: (warning: string) => void,
): readonly ReadCertificate[] {
  const use = { what: `the roots of ${name}`, ifMissing: 'Run: sidegate ca init.' };
  const roots = readCertificateFile(files.roots, use);
  for (const [index, root] of roots.entries())
    checkRoot(root, `certificate ${index + 1} of ${use.what} ${files.roots}`);
  const usable = roots.filter(({ facts }) => now >= facts.notBefore && now < facts.notAfter);
  if (usable.length === 0)
    throw new OperatorFault(
      `${use.what} ${files.roots} are all outside their validity (the last expires at ${isoTime(lastEnd(roots))})`,
      'Fetch the current roots of this trust domain, and compare the clocks of both machines.',
    );
  if (usable.length < roots.length)
    warn(
      `${roots.length - usable.length} of ${use.what} ${files.roots} are outside their validity`,
    );
  return roots.toSorted((a, b) => b.facts.notAfter - a.facts.notAfter);
}

function checkRoot({ x509, facts }: ReadCertificate, what: string): void {
  if (!facts.isCa || facts.keyUsage?.keyCertSign !== true)
    throw new OperatorFault(
      `${what} is no CA`,
      'Put the certificate of the CA there; our own certificate belongs under identity.',
    );
  if (!x509.checkIssued(x509) || !x509.verify(x509.publicKey))
    throw new OperatorFault(
      `${what} is not self-signed`,
      'Put the root there; intermediates belong behind the leaf, into the chain that a peer sends.',
    );
}

function lastEnd(roots: readonly ReadCertificate[]): number {
  return Math.max(...roots.map(({ facts }) => facts.notAfter));
}

/** Legal, but then the holder of that one CA speaks for both. */
function warnSharedRoots(
  domains: ReadonlyMap<string, DomainTrust>,
  warn: (warning: string) => void,
): void {
  const owners = new Map<string, string>();
  for (const { name, roots } of domains.values())
    for (const fingerprint of new Set(roots.map(({ x509 }) => x509.fingerprint256))) {
      const owner = owners.get(fingerprint);
      if (owner !== undefined) warn(`the trust domains ${owner} and ${name} have a root in common`);
      owners.set(fingerprint, name);
    }
}
