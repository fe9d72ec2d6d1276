import { createHash, type KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { readFile, readText, writeFileAtomic } from '../files/index.ts';
import { signCrl } from './crl.ts';
import { isThere } from './disk.ts';
import { crlPath } from './folder.ts';
import { issuedFolder, readRevoked } from './issued.ts';
import type { DistinguishedName } from './name.ts';
import { CRL_LIFE, isDue, validityFrom } from './profile.ts';

/** What the last CRL said, so that our own CRL need not be parsed. */
const STATE = z.strictObject({
  number: z.number(),
  thisUpdate: z.number(),
  nextUpdate: z.number(),
  serials: z.array(z.string()),
  /** Of the file; an older CRL put back in its place is noticed. */
  sha256: z.string(),
});

export type CrlState = z.infer<typeof STATE>;

export interface CrlSigner {
  readonly folder: string;
  readonly issuer: DistinguishedName;
  readonly key: KeyObject;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export function crlStatePath(folder: string): string {
  return join(issuedFolder(folder), 'crl.json');
}

/**
 * Writes ca.crl from what is recorded as revoked, and again if another process got in between: whoever writes last has looked
 * after writing, so no revocation is lost between two of them.
 */
export function publishCrl(signer: CrlSigner): CrlState {
  for (;;) {
    const state = publishOnce(signer);
    if (isPublished(signer.folder, signer.at)) return state;
  }
}

/** Whether ca.crl is missing, not the one last made, lacks a revocation, or has less than a third of its life left. */
export function isCrlDue(folder: string, at: number): boolean {
  const state = readState(folder);
  if (state === undefined || !isPublished(folder, at)) return true;
  return isDue({ notBefore: state.thisUpdate, notAfter: state.nextUpdate }, at);
}

const CRL_USE = { what: 'the CRL', ifMissing: 'Run: sidegate ca renew' };

function publishOnce(signer: CrlSigner): CrlState {
  const { folder, issuer, key, at } = signer;
  const revoked = entriesFor(folder, at);
  const { notBefore: thisUpdate, notAfter: nextUpdate } = validityFrom(at, CRL_LIFE);
  // Mostly the time; never less than one more than the last, also if the clock was set back.
  const number = Math.max((readState(folder)?.number ?? 0) + 1, at);
  const { pem } = signCrl({ issuer, number, thisUpdate, nextUpdate, revoked }, key);
  const serials = revoked.map(({ serial }) => serial);
  const state = { number, thisUpdate, nextUpdate, serials, sha256: digest(pem) };
  writeFileAtomic(crlPath(folder), pem, { mode: 0o644, existing: 'replace' });
  // After the CRL: if we are killed in between, the digest does not fit and renew writes both again.
  writeFileAtomic(crlStatePath(folder), `${JSON.stringify(state)}\n`, {
    mode: 0o644,
    existing: 'replace',
  });
  return state;
}

/** Stays listed one CRL life beyond its end, so that at least one CRL after it says so (RFC 5280 3.3). */
function entriesFor(folder: string, at: number) {
  return readRevoked(folder).filter(({ notAfter }) => notAfter > at - CRL_LIFE);
}

/** Whether ca.crl is the one that the state tells of, and has everything that is recorded as revoked. */
function isPublished(folder: string, at: number): boolean {
  const state = readState(folder);
  if (state === undefined || !isThere(crlPath(folder))) return false;
  if (digest(readFile(crlPath(folder), CRL_USE)) !== state.sha256) return false;
  const listed = new Set(state.serials);
  return entriesFor(folder, at).every(({ serial }) => listed.has(serial));
}

/** Undefined if it is missing or garbled: the CRL is then due. */
function readState(folder: string): CrlState | undefined {
  const path = crlStatePath(folder);
  if (!isThere(path)) return undefined;
  try {
    return STATE.parse(JSON.parse(readText(path, CRL_USE)));
  } catch {
    return undefined;
  }
}

function digest(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}
