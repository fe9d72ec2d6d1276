import { closest, OperatorFault, type Clock } from '../lib/index.ts';
import { readAgentPair } from './agent-pair.ts';
import { openCa } from './authority.ts';
import { isOpenToOthers, isThere } from './disk.ts';
import type { CertificateFacts } from './facts.ts';
import { agentNames, CA_NAME, pairPaths } from './folder.ts';
import { factsOf, readIssued } from './issued.ts';
import { isDue, type Validity } from './profile.ts';
import { isCrlDue } from './publish.ts';

/** `expiring`: less than a third of its life is left. `foreign`: not made by this CA under this name. */
export type CertificateState =
  'valid' | 'expiring' | 'expired' | 'not yet valid' | 'revoked' | 'foreign' | 'broken';

export interface CertificateReport {
  readonly name: string;
  readonly what: 'ca' | 'agent';
  readonly state: CertificateState;
  /** Absent if broken or foreign. Times are milliseconds since the epoch. */
  readonly certificate?: CertificateSummary;
  /** Why it is broken. */
  readonly problem?: { readonly message: string; readonly remedy: string };
  /** Things that work, but should not stay so. */
  readonly warnings: readonly string[];
  readonly certFile: string;
  readonly keyFile: string;
}

export interface CertificateSummary extends Validity {
  readonly id: string;
  readonly dns: readonly string[];
  readonly ip: readonly string[];
  readonly serial: string;
  readonly subject: string;
  readonly issuer: string;
  /** Of the DER, upper case with colons, as `openssl x509 -fingerprint -sha256` prints it. */
  readonly sha256: string;
}

export interface CertificateDetails extends CertificateReport {
  /** What was issued to this name before and has not expired yet; it is good until then unless revoked. */
  readonly earlier: readonly {
    readonly serial: string;
    readonly notAfter: number;
    readonly revoked: boolean;
  }[];
}

interface FolderOptions {
  readonly folder: string;
  readonly now: Clock;
}

/** The CA, then every agent by name. What is broken is reported, not thrown. */
export function listCertificates(options: FolderOptions): readonly CertificateReport[] {
  const agents = agentNames(options.folder).map((name) => agentReport(options, name));
  return [caReport(options), ...agents];
}

/** @throws OperatorFault if there is nothing of that name */
export function showCertificate(options: FolderOptions & { name: string }): CertificateDetails {
  const { folder, name, now } = options;
  const report = listCertificates(options).find((one) => one.name === name);
  if (report === undefined) throw unknownName(folder, name);
  const earlier = readIssued(folder)
    .filter((record) => record.name === name && record.serial !== report.certificate?.serial)
    .map(({ serial, revoked }) => {
      const { notAfter } = factsOf(folder, { name, serial });
      return { serial, revoked, notAfter };
    });
  return { ...report, earlier: earlier.filter(({ notAfter }) => notAfter > now()) };
}

function caReport(options: FolderOptions): CertificateReport {
  const base = baseOf(options.folder, CA_NAME, 'ca');
  try {
    const { facts } = openCa(options);
    const warnings = isCrlDue(options.folder, options.now())
      ? ['ca.crl is missing or should be renewed: run sidegate ca renew']
      : [];
    const state = stateOf(facts, options.now());
    return { ...base, state, certificate: summaryOf(facts), warnings };
  } catch (fault) {
    return { ...base, ...brokenBy(fault) };
  }
}

function agentReport({ folder, now }: FolderOptions, name: string): CertificateReport {
  const base = baseOf(folder, name, 'agent');
  try {
    const pair = readAgentPair(folder, name);
    if (pair.kind === 'foreign') return { ...base, state: 'foreign' };
    if (pair.kind === 'broken') return { ...base, ...brokenBy(pair.fault) };
    const state = pair.record.revoked ? 'revoked' : stateOf(pair.facts, now());
    return { ...base, state, certificate: summaryOf(pair.facts) };
  } catch (fault) {
    return { ...base, ...brokenBy(fault) };
  }
}

/** Only a warning for an agent's key: mounting secrets for a group is usual, and only this one agent is at stake. */
function baseOf(folder: string, name: string, what: 'ca' | 'agent') {
  const { cert, key } = pairPaths(folder, name);
  const open = isThere(key) && isOpenToOthers(key);
  const warnings = open ? [`other users have rights on ${key}: run chmod 600 ${key}`] : [];
  return { name, what, warnings, certFile: cert, keyFile: key };
}

function brokenBy(fault: unknown): Pick<CertificateReport, 'state' | 'problem'> {
  if (!(fault instanceof OperatorFault)) throw fault;
  return { state: 'broken', problem: { message: fault.message, remedy: fault.remedy } };
}

function stateOf(validity: Validity, now: number): CertificateState {
  if (now > validity.notAfter) return 'expired';
  if (now < validity.notBefore) return 'not yet valid';
  return isDue(validity, now) ? 'expiring' : 'valid';
}

function summaryOf(facts: CertificateFacts): CertificateSummary {
  const { x509, id, dns, ip, serial, notBefore, notAfter } = facts;
  // Node's types do not say so, but a Subject that is empty is undefined.
  const oneLine = (name: string | undefined) => (name ?? '').replaceAll('\n', ', ');
  return {
    id: id.toString(),
    dns,
    ip,
    serial,
    notBefore,
    notAfter,
    subject: oneLine(x509.subject),
    issuer: oneLine(x509.issuer),
    sha256: x509.fingerprint256,
  };
}

function unknownName(folder: string, name: string): OperatorFault {
  const near = closest(name, agentNames(folder));
  const remedy = near === undefined ? 'Run: sidegate ca list' : `Did you mean '${near}'?`;
  return new OperatorFault(`there is no certificate '${name}' in ${folder}`, remedy);
}
