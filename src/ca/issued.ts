import { join } from 'node:path';
import { z } from 'zod';
import { readText, writeFileAtomic } from '../files/index.ts';
import { OperatorFault } from '../lib/index.ts';
import { REVOCATION_REASONS, type RevocationReason, type RevokedEntry } from './crl.ts';
import { namesIn, remove } from './disk.ts';
import { readFacts, type CertificateFacts } from './facts.ts';

/**
 * The memory of the CA: `issued/NAME.SERIAL.crt` is a copy of every certificate, written before anybody gets it, and
 * `issued/NAME.SERIAL.revoked` says that it is revoked. One small file each, created exclusively, so that two processes
 * can work at once without a lock and neither loses what the other wrote.
 */
export interface IssuedRecord {
  readonly name: string;
  readonly serial: string;
  readonly revoked: boolean;
}

const RECORD = /^(.+)\.([0-9A-F]+)\.(crt|revoked)$/;
const REVOCATION = z.strictObject({
  revokedAt: z.number(),
  reason: z.enum(REVOCATION_REASONS as readonly [RevocationReason, ...RevocationReason[]]),
  notAfter: z.number(),
});

export function issuedFolder(folder: string): string {
  return join(folder, 'issued');
}

/** Every certificate ever issued and not yet forgotten, in no particular order. */
export function readIssued(folder: string): readonly IssuedRecord[] {
  const found = namesIn(issuedFolder(folder)).map((file) => RECORD.exec(file));
  const revoked = new Set(found.map((match) => (match?.[3] === 'revoked' ? match[2] : undefined)));
  return found
    .filter((match) => match?.[3] === 'crt')
    .map((match) => ({ name: match?.[1] ?? '', serial: match?.[2] ?? '' }))
    .map((record) => ({ ...record, revoked: revoked.has(record.serial) }));
}

export function recordIssued(folder: string, name: string, serial: string, pem: string): void {
  writeFileAtomic(recordPath(folder, { name, serial }, 'crt'), pem, {
    mode: 0o644,
    existing: 'refuse',
  });
}

/** Whether a revocation of this serial is recorded, as of now. */
export function isRevoked(folder: string, serial: string): boolean {
  return readIssued(folder).some((record) => record.serial === serial && record.revoked);
}

export function factsOf(
  folder: string,
  record: Pick<IssuedRecord, 'name' | 'serial'>,
): CertificateFacts {
  const path = recordPath(folder, record, 'crt');
  const pem = readText(path, { what: 'the record', ifMissing: 'Run the command again.' });
  return readFacts(pem, path, 'Restore the folder "issued" from a copy.');
}

/** Of one agent's records the one that begins last; of two that begin together, one that is revoked (fails closed). */
export function newestRecord(folder: string, name: string): IssuedRecord | undefined {
  const own = readIssued(folder).filter((record) => record.name === name);
  const begins = (record: IssuedRecord) => factsOf(folder, record).notBefore;
  return own.toSorted((a, b) => begins(b) - begins(a) || Number(b.revoked) - Number(a.revoked))[0];
}

/** Records a revocation. That it is there already, written by another process, is as good. */
export function recordRevoked(
  folder: string,
  record: IssuedRecord,
  revocation: z.infer<typeof REVOCATION>,
): void {
  const path = recordPath(folder, record, 'revoked');
  try {
    writeFileAtomic(path, `${JSON.stringify(revocation)}\n`, { mode: 0o644, existing: 'refuse' });
  } catch (error) {
    if (!isRevoked(folder, record.serial)) throw error;
  }
}

/** What belongs into the CRL, and until when the certificate in question would have lived. */
export function readRevoked(folder: string): readonly (RevokedEntry & { notAfter: number })[] {
  return readIssued(folder)
    .filter((record) => record.revoked)
    .map((record) => ({ serial: record.serial, ...readRevocation(folder, record) }));
}

function readRevocation(folder: string, record: IssuedRecord): z.infer<typeof REVOCATION> {
  const path = recordPath(folder, record, 'revoked');
  const text = readText(path, { what: 'the revocation', ifMissing: 'Run the command again.' });
  try {
    return REVOCATION.parse(JSON.parse(text));
  } catch (error) {
    // Guessing here could leave a revoked certificate out of the list.
    throw new OperatorFault(
      `${path} is garbled`,
      `Remove it, then run: sidegate ca revoke ${record.serial}`,
      { cause: error },
    );
  }
}

/** Forgets a certificate and its revocation. */
export function forget(folder: string, record: Pick<IssuedRecord, 'name' | 'serial'>): void {
  remove(recordPath(folder, record, 'crt'));
  remove(recordPath(folder, record, 'revoked'));
}

function recordPath(
  folder: string,
  record: Pick<IssuedRecord, 'name' | 'serial'>,
  ending: 'crt' | 'revoked',
): string {
  return join(issuedFolder(folder), `${record.name}.${record.serial}.${ending}`);
}
