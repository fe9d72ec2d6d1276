import { X509Certificate } from 'node:crypto';
import type { Config } from '../../config/index.ts';
import { loadIdentity, loadTrust, type Identity, type Trust } from '../../tls/index.ts';
import { fromNow } from '../when.ts';
import { attempt, right, warning, type Finding } from './finding.ts';

/** What of the certificates can be used, and the trust domains that have roots. */
export interface CertificateFindings {
  readonly findings: readonly Finding[];
  readonly trusted: ReadonlySet<string>;
}

export async function checkCertificates(config: Config, now: number): Promise<CertificateFindings> {
  const own = await attempt('identity', () => loadIdentity(config.identity, now));
  const trust = await attempt('trust', () => loadTrust(config.trust, now));
  const findings = [
    ...own.findings,
    ...(own.value === undefined ? [] : aboutIdentity(own.value, trust.value, now)),
    ...trust.findings,
    ...(trust.value === undefined ? [] : aboutTrust(trust.value, now)),
  ];
  return { findings, trusted: new Set(Object.keys(config.trust)) };
}

function aboutIdentity(identity: Identity, trust: Trust | undefined, now: number): Finding[] {
  const { spiffeId, notBefore, notAfter } = identity;
  const found = [
    right('identity', `${spiffeId.toString()}, its certificate ends ${fromNow(notAfter, now)}`),
  ];
  if (notAfter - now < (notAfter - notBefore) / 3)
    found.push(warning('identity', 'its certificate is due for renewal', RENEW));
  const domain = trust?.domains.get(spiffeId.trustDomain.name);
  if (trust !== undefined && !domain?.roots.some((root) => vouchesFor(root.x509, identity)))
    found.push(
      warning(
        'identity',
        `no root of ${spiffeId.trustDomain.name} under 'trust' issued it, so callers that trust the same roots will refuse us`,
        'Issue it with the CA of its trust domain, or correct the roots.',
      ),
    );
  return found;
}

const RENEW = 'Run: sidegate ca renew (or --watch, to keep doing so).';
const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** The chain is in order, so its last certificate is the one that a root must have issued. */
function vouchesFor(root: X509Certificate, { certPem }: Identity): boolean {
  const last = certPem.match(PEM)?.at(-1);
  if (last === undefined) return false;
  const top = new X509Certificate(last);
  return top.checkIssued(root) && top.verify(root.publicKey);
}

function aboutTrust({ domains, warnings }: Trust, now: number): Finding[] {
  const found = [...domains.values()].map(({ name, roots, lists }) => {
    const end = Math.max(...roots.map(({ facts }) => facts.notAfter));
    const crl = lists === undefined ? 'no revocation list' : 'with a revocation list';
    const which = roots.length === 1 ? 'its root' : `the last of its ${roots.length} roots`;
    return right('trust', `${name}: ${which} ends ${fromNow(end, now)}, ${crl}`);
  });
  return [...found, ...warnings.map((text) => warning('trust', text))];
}
