import { createPublicKey } from 'node:crypto';
import { writeFileAtomic } from '../files/index.ts';
import { OperatorFault, type Clock } from '../lib/index.ts';
import { readAgentPair } from './agent-pair.ts';
import { openCa, type CertificateAuthority } from './authority.ts';
import { signCertificate } from './certificate.ts';
import { readFacts } from './facts.ts';
import { agentNames, CA_NAME, pairPaths } from './folder.ts';
import {
  factsOf,
  forget,
  isRevoked,
  newestRecord,
  readIssued,
  type IssuedRecord,
} from './issued.ts';
import { caFields, CRL_LIFE, isDue, validityAgain } from './profile.ts';
import { isCrlDue, publishCrl } from './publish.ts';
import { signSvid } from './sign-svid.ts';

export interface Renewed {
  readonly what: 'ca' | 'crl' | 'agent';
  readonly name: string;
  /** `broken`: half a pair was found and made whole. */
  readonly why: 'due' | 'broken';
  /** Milliseconds since the epoch; of the CRL its next update. */
  readonly notAfter: number;
}

export interface RenewalReport {
  readonly renewed: readonly Renewed[];
  /** Due, but revoked: renewing them would undo what the operator decided. */
  readonly revoked: readonly string[];
  /** What stood in the way of one agent does not stop the others. */
  readonly failed: readonly { readonly name: string; readonly fault: OperatorFault }[];
}

/** What came of one certificate; empty if nothing had to be done. */
interface Outcome {
  readonly renewed?: Renewed;
  readonly revoked?: string;
  readonly failed?: RenewalReport['failed'][number];
}

/**
 * Gives a new certificate, with the same ID and names, to everything that has less than a third of its life left: the CA
 * keeps its key, so that what it signed stays good; agents get a new one. Half-written agents are made whole.
 *
 * @throws OperatorFault if the CA cannot be opened, or its certificate or CRL not be made
 */
export function renew(options: { folder: string; now: Clock }): RenewalReport {
  const outcomes: Outcome[] = [];
  const ca = renewCa(openCa(options), outcomes);
  for (const name of agentNames(ca.folder))
    outcomes.push(attempt(name, () => renewAgent(ca, name)));
  if (isCrlDue(ca.folder, ca.now())) outcomes.push({ renewed: renewCrl(ca) });
  for (const record of readIssued(ca.folder))
    outcomes.push(attempt(record.name, () => forgetIfOld(ca, record)));
  return {
    renewed: outcomes.flatMap(({ renewed }) => renewed ?? []),
    revoked: outcomes.flatMap(({ revoked }) => revoked ?? []),
    failed: outcomes.flatMap(({ failed }) => failed ?? []),
  };
}

function renewCa(ca: CertificateAuthority, outcomes: Outcome[]): CertificateAuthority {
  const at = ca.now();
  if (!isDue(ca.facts, at)) return ca;
  const { cert } = pairPaths(ca.folder, CA_NAME);
  const validity = validityAgain(at, ca.facts);
  const fields = caFields(ca.trustDomain, ca.facts.subject, createPublicKey(ca.key), validity);
  const { pem } = signCertificate(fields, ca.key);
  writeFileAtomic(cert, pem, { mode: 0o644, existing: 'replace' });
  const facts = readFacts(pem, cert, 'Report this as a bug.');
  outcomes.push({ renewed: { what: 'ca', name: CA_NAME, why: 'due', notAfter: facts.notAfter } });
  return { ...ca, facts };
}

function renewCrl(ca: CertificateAuthority): Renewed {
  const { folder, key } = ca;
  const { nextUpdate } = publishCrl({ folder, issuer: ca.facts.subject, key, at: ca.now() });
  return { what: 'crl', name: CA_NAME, why: 'due', notAfter: nextUpdate };
}

function attempt(name: string, step: () => Outcome): Outcome {
  try {
    return step();
  } catch (fault) {
    if (!(fault instanceof OperatorFault)) throw fault;
    return { failed: { name, fault } };
  }
}

function renewAgent(ca: CertificateAuthority, name: string): Outcome {
  const pair = readAgentPair(ca.folder, name);
  if (pair.kind === 'foreign') return {};
  if (pair.kind === 'intact' && !isDue(pair.facts, ca.now())) return {};
  if (pair.kind === 'broken' && !pair.repairable) throw pair.fault;
  const record = pair.kind === 'intact' ? pair.record : pair.template;
  if (record.revoked) return { revoked: name };
  const old = factsOf(ca.folder, record);
  const fresh = signSvid(ca, name, old, validityAgain(ca.now(), old));
  // Asked again after the new one is recorded: whoever revokes this agent meanwhile either is seen here, or sees it there.
  if (isRevoked(ca.folder, record.serial)) {
    forget(ca.folder, fresh.record);
    return { revoked: name };
  }
  const paths = pairPaths(ca.folder, name);
  // Readers see the old pair, for a moment a key that does not fit yet, then the new pair. If we are killed at that moment,
  // the pair is found broken and made whole by the next renewal.
  writeFileAtomic(paths.key, fresh.keyPem, { mode: 0o600, existing: 'replace' });
  writeFileAtomic(paths.cert, fresh.certPem, { mode: 0o644, existing: 'replace' });
  const why = pair.kind === 'broken' ? 'broken' : 'due';
  return { renewed: { what: 'agent', name, why, notAfter: fresh.facts.notAfter } };
}

/**
 * Drops what expired so long ago that no CRL need name it. The newest of each name stays: it is how a revoked agent is known
 * as revoked for as long as its files lie there.
 */
function forgetIfOld(ca: CertificateAuthority, record: IssuedRecord): Outcome {
  if (factsOf(ca.folder, record).notAfter > ca.now() - CRL_LIFE) return {};
  const pair = readAgentPair(ca.folder, record.name);
  const current = pair.kind === 'intact' ? pair.record : newestRecord(ca.folder, record.name);
  if (current?.serial !== record.serial) forget(ca.folder, record);
  return {};
}
