import { closest, OperatorFault } from '../lib/index.ts';
import type { CertificateAuthority } from './authority.ts';
import type { RevocationReason } from './crl.ts';
import { factsOf, readIssued, recordRevoked, type IssuedRecord } from './issued.ts';
import { publishCrl } from './publish.ts';

export interface RevokeOptions {
  /** An agent's name: everything ever issued to it. Or one serial, in hexadecimal with or without colons. */
  readonly target: string;
  readonly reason?: RevocationReason | undefined;
}

export interface Revocation {
  readonly name: string;
  /** What was revoked now; empty if it had been before. */
  readonly serials: readonly string[];
  readonly crlNumber: number;
  /** Milliseconds since the epoch. */
  readonly nextUpdate: number;
}

/**
 * Revokes and publishes a new ca.crl. Expired certificates of the name are marked too, so that no renewal revives them.
 *
 * @throws OperatorFault if this CA has issued nothing of that name or serial
 */
export function revoke(ca: CertificateAuthority, options: RevokeOptions): Revocation {
  const { folder, key } = ca;
  const first = recordsFor(folder, options.target);
  const serials: string[] = [];
  // Again until nothing is left: a renewal may be issuing a successor just now.
  for (let open = first.filter(isOpen); open.length > 0;) {
    for (const record of open) {
      recordRevoked(folder, record, {
        revokedAt: ca.now(),
        reason: options.reason ?? 'unspecified',
        notAfter: factsOf(folder, record).notAfter,
      });
      serials.push(record.serial);
    }
    open = recordsFor(folder, options.target).filter(isOpen);
  }
  const crl = publishCrl({ folder, issuer: ca.facts.subject, key, at: ca.now() });
  const name = first[0]?.name ?? '';
  return { name, serials, crlNumber: crl.number, nextUpdate: crl.nextUpdate };
}

function isOpen(record: IssuedRecord): boolean {
  return !record.revoked;
}

function recordsFor(folder: string, target: string): readonly IssuedRecord[] {
  const issued = readIssued(folder);
  const byName = issued.filter(({ name }) => name === target);
  if (byName.length > 0) return byName;
  const serial = target.replaceAll(':', '').toUpperCase();
  const bySerial = issued.filter((record) => record.serial === serial);
  if (bySerial.length > 0) return bySerial;
  const names = [...new Set(issued.map(({ name }) => name))];
  const near = closest(target, names);
  throw new OperatorFault(
    `the CA in ${folder} has issued nothing to '${target}', nor with that serial`,
    near === undefined ? 'Run: sidegate ca list' : `Did you mean '${near}'?`,
  );
}
