import type { FailureCode } from '../call/index.ts';
import { OperatorFault } from '../lib/index.ts';
import { DerError } from '../spiffe/index.ts';
import { isoTime, readPemFile, type ReadCertificate } from './certificate-file.ts';
import { RevocationList } from './revocation-list.ts';

/** The lists of one trust domain; none, if they are configured but cannot be used. */
export type RevocationLists = readonly RevocationList[];

export interface Revocation {
  readonly code: Extract<FailureCode, 'CERTIFICATE_REVOKED' | 'REVOCATION_UNKNOWN'> | undefined;
  readonly detail: string;
  /** Until when (exclusive) the answer holds. */
  readonly until: number;
}

export interface ListContext {
  /** The trust domain. */
  readonly name: string;
  readonly roots: readonly ReadCertificate[];
  readonly now: number;
  /** Whether a list that cannot be used is a fault instead of a warning. */
  readonly strict: boolean;
  readonly warn: (warning: string) => void;
}

/** @throws OperatorFault if strict */
export function loadLists(path: string, context: ListContext): RevocationLists {
  try {
    const lists = readLists(path, context.name);
    checkLists(lists, path, context);
    return lists;
  } catch (error) {
    if (context.strict || !(error instanceof OperatorFault)) throw error;
    context.warn(`${error.message}; nobody of ${context.name} is let in`);
    return [];
  }
}

/**
 * Whether any certificate of a verified path (leaf first, root last) is revoked. Every CA on it must have a list that it
 * signed and that is in force; else the answer is REVOCATION_UNKNOWN, never "not revoked".
 */
export function revocationOf(
  path: readonly ReadCertificate[],
  lists: RevocationLists,
  now: number,
): Revocation {
  let until = Infinity;
  let unknown: string | undefined;
  for (const [index, { facts }] of path.slice(0, -1).entries()) {
    const issuer = path[index + 1];
    const signed = issuer === undefined ? [] : lists.filter((list) => list.isSignedBy(issuer));
    if (signed.some((list) => list.facts.revoked.has(facts.serial)))
      return {
        code: 'CERTIFICATE_REVOKED',
        detail: index === 0 ? 'the certificate is revoked' : 'a CA of its chain is revoked',
        until: Infinity,
      };
    const inForce = signed.filter((list) => list.isInForce(now));
    if (inForce.length === 0)
      unknown ??=
        signed.length === 0
          ? 'no revocation list of its issuer'
          : 'its revocation list is out of date';
    until = Math.min(until, Math.max(...inForce.map((list) => list.facts.nextUpdate)));
  }
  if (unknown !== undefined)
    return { code: 'REVOCATION_UNKNOWN', detail: unknown, until: Infinity };
  return { code: undefined, detail: '', until };
}

function readLists(path: string, name: string): RevocationLists {
  const use = { what: `the revocation list of ${name}`, ifMissing: 'Run: sidegate ca renew.' };
  return readPemFile(path, 'X509 CRL', use).map((der) => {
    try {
      return new RevocationList(der);
    } catch (error) {
      if (!(error instanceof DerError)) throw error;
      throw new OperatorFault(
        `${use.what} ${path} is broken: ${error.message}`,
        'Write the file anew: sidegate ca renew.',
        { cause: error },
      );
    }
  });
}

function checkLists(lists: RevocationLists, path: string, context: ListContext): void {
  const { name, roots, now, warn } = context;
  const covered = roots.filter((root) => lists.some((list) => list.isSignedBy(root)));
  if (covered.length === 0)
    throw new OperatorFault(
      `the revocation list of ${name} ${path} is not signed by any of its roots`,
      "Correct 'crl' under 'trust' in sidegate.yaml, or run: sidegate ca renew.",
    );
  if (covered.length < roots.length)
    warn(`not every root of ${name} has a revocation list in ${path}; the others let nobody in`);
  const ends = Math.min(...lists.map((list) => list.facts.nextUpdate));
  if (now >= ends)
    warn(`a revocation list of ${name} in ${path} is out of date since ${isoTime(ends)}`);
}
