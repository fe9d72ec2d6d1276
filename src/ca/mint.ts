import { isIP } from 'node:net';
import { writeFileAtomic } from '../files/index.ts';
import { OperatorFault } from '../lib/index.ts';
import { SpiffeId } from '../spiffe/index.ts';
import type { CertificateAuthority } from './authority.ts';
import { checkAgentName, pairPaths, presence, type PairPaths } from './folder.ts';
import { forget } from './issued.ts';
import type { DistinguishedName } from './name.ts';
import { SVID_LIFE, validityFrom, type Validity } from './profile.ts';
import { signSvid, type FreshSvid } from './sign-svid.ts';

export interface MintOptions {
  /** The files' name, and the last segment of the ID unless one is given. */
  readonly name: string;
  /** By default spiffe://TRUSTDOMAIN/agent/NAME. */
  readonly id?: SpiffeId | undefined;
  readonly dns?: readonly string[] | undefined;
  readonly ip?: readonly string[] | undefined;
  /** Milliseconds from now; a day by default. */
  readonly life?: number | undefined;
  /** Exact bounds instead of `life`: how tests and demonstrations get an expired certificate. */
  readonly validity?: Validity | undefined;
  /** `empty` leaves the Subject out, which makes the alternative names critical. By default it has O and CN. */
  readonly subject?: 'named' | 'empty' | undefined;
}

export interface Minted extends Validity {
  readonly name: string;
  readonly id: string;
  readonly serial: string;
  readonly certFile: string;
  readonly keyFile: string;
}

/** Labels of letters, digits, `-` and `_`; the first may be `*`. */
const DNS_NAME = /^(\*\.)?[a-zA-Z0-9_-]+(\.[a-zA-Z0-9_-]+)*$/;

/**
 * Makes NAME.key and NAME.crt: an X509-SVID that never outlives the CA. Overwrites nothing.
 *
 * @throws OperatorFault if the name or the ID is not one this CA may sign, or if one of the files is there
 */
export function mint(ca: CertificateAuthority, options: MintOptions): Minted {
  const { name, dns = [], ip = [] } = options;
  checkAgentName(name);
  const id = options.id ?? SpiffeId.parse(`spiffe://${ca.trustDomain.name}/agent/${name}`);
  checkId(ca, id);
  checkAltNames(dns, ip);
  const paths = pairPaths(ca.folder, name);
  checkAbsent(name, paths);
  const subject = options.subject === 'empty' ? [] : subjectOf(name);
  const names = { id, dns, ip, subject };
  const svid = signSvid(ca, name, names, wantedValidity(ca, options));
  writeNew(ca, paths, svid);
  return mintedOf(name, paths, svid);
}

export function mintedOf(name: string, paths: PairPaths, svid: FreshSvid): Minted {
  const { id, serial, notBefore, notAfter } = svid.facts;
  const files = { certFile: paths.cert, keyFile: paths.key };
  return { name, id: id.toString(), serial, notBefore, notAfter, ...files };
}

/** The key first: a certificate without a key would look as if the key had been taken away. */
function writeNew(ca: CertificateAuthority, paths: PairPaths, svid: FreshSvid): void {
  try {
    writeFileAtomic(paths.key, svid.keyPem, { mode: 0o600, existing: 'refuse' });
  } catch (error) {
    // Nobody has this key, so nobody can use the certificate.
    forget(ca.folder, svid.record);
    throw error;
  }
  writeFileAtomic(paths.cert, svid.certPem, { mode: 0o644, existing: 'refuse' });
}

function subjectOf(name: string): DistinguishedName {
  return [
    { type: 'O', value: 'Sidegate' },
    { type: 'CN', value: name },
  ];
}

function wantedValidity(ca: CertificateAuthority, options: MintOptions): Validity {
  const wanted = options.validity ?? validityFrom(ca.now(), options.life ?? SVID_LIFE);
  if (Number.isFinite(wanted.notBefore) && wanted.notBefore < wanted.notAfter) return wanted;
  throw new OperatorFault('the certificate would end before it begins', 'Give it a longer life.');
}

function checkId(ca: CertificateAuthority, id: SpiffeId): void {
  const own = ca.trustDomain.name;
  if (id.trustDomain.name !== own)
    throw new OperatorFault(
      `${id.toString()} is not in the trust domain of this CA, ${own}`,
      `Use an ID that begins spiffe://${own}/, or the CA of the other trust domain.`,
    );
  if (id.path === '')
    throw new OperatorFault(
      `${id.toString()} names the whole trust domain, not an agent`,
      `Add a path, such as spiffe://${own}/agent/billing.`,
    );
}

function checkAltNames(dns: readonly string[], ip: readonly string[]): void {
  const bad = dns.find((name) => name.length > 253 || !DNS_NAME.test(name));
  if (bad !== undefined)
    throw new OperatorFault(`'${bad}' is not a DNS name`, 'Use a name such as localhost.');
  const address = ip.find((text) => isIP(text) === 0 || text.includes('%'));
  if (address !== undefined)
    throw new OperatorFault(`'${address}' is not an IP address`, 'Use one such as 127.0.0.1.');
}

function checkAbsent(name: string, paths: PairPaths): void {
  switch (presence(paths)) {
    case 'none':
      return;
    case 'both':
      throw new OperatorFault(
        `${paths.key} and ${paths.cert} are there already and are not overwritten`,
        `Run: sidegate ca renew, or move them away to mint ${name} anew.`,
      );
    case 'key only':
      throw new OperatorFault(
        `${paths.key} is there without ${paths.cert}`,
        `Remove ${paths.key}, then mint ${name} again.`,
      );
    case 'certificate only':
      throw new OperatorFault(
        `${paths.cert} is there without ${paths.key}`,
        `Restore the key, or remove ${paths.cert} and mint ${name} again.`,
      );
  }
}
