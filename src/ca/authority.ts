import type { KeyObject } from 'node:crypto';
import { OperatorFault, type Clock } from '../lib/index.ts';
import type { TrustDomain } from '../spiffe/index.ts';
import { isOpenToOthers, isThere } from './disk.ts';
import type { CertificateFacts } from './facts.ts';
import { CA_NAME, pairPaths, presence, readPair, type PairPaths } from './folder.ts';
import { crlStatePath } from './publish.ts';

/** A CA that may sign: its key is read, fits its certificate, and nobody else can read it. */
export interface CertificateAuthority {
  readonly folder: string;
  readonly trustDomain: TrustDomain;
  readonly facts: CertificateFacts;
  readonly key: KeyObject;
  readonly now: Clock;
}

const RESTORE = 'Restore ca.crt, ca.key and the folder "issued" from one and the same copy.';
const START_ANEW =
  'Restore what is missing from a copy. If "sidegate ca init" was interrupted, nothing was signed yet: remove ca.key, ca.crl and issued, then run it again.';

/**
 * Opens the CA of a folder for signing.
 *
 * @throws OperatorFault if there is none, if it is half-written or garbled, or if others may read its key
 */
export function openCa(options: { folder: string; now: Clock }): CertificateAuthority {
  const { folder, now } = options;
  const paths = pairPaths(folder, CA_NAME);
  checkComplete(folder, paths);
  const { facts, key } = readPair(paths, RESTORE);
  if (!facts.x509.ca || facts.id.path !== '')
    throw new OperatorFault(`${paths.cert} is not the certificate of a CA`, RESTORE);
  // Whoever can read this key can be every agent, so this is no mere warning; list warns about the keys of agents.
  if (isOpenToOthers(paths.key))
    throw new OperatorFault(
      `other users may read the CA's key ${paths.key}`,
      `Run: chmod 600 ${paths.key} (and if somebody may have read it, start a new CA)`,
    );
  return { folder, trustDomain: facts.id.trustDomain, facts, key, now };
}

function checkComplete(folder: string, paths: PairPaths): void {
  switch (presence(paths)) {
    case 'none':
      throw new OperatorFault(
        `there is no certificate authority in ${folder}`,
        'Run: sidegate ca init',
      );
    case 'key only':
      throw new OperatorFault(`${paths.key} is there without ${paths.cert}`, START_ANEW);
    case 'certificate only':
      throw new OperatorFault(
        `${paths.cert} is there without ${paths.key}`,
        'Restore ca.key from a copy, or run this where the key is; without it nothing can be signed.',
      );
    case 'both':
      break;
  }
  // Without its memory the CA would publish a CRL in which nobody is revoked any more.
  if (!isThere(crlStatePath(folder)))
    throw new OperatorFault(`${crlStatePath(folder)} is missing`, RESTORE);
}
