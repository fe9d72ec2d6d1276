import { join } from 'node:path';
import { writeFileAtomic } from '../files/index.ts';
import { OperatorFault, type Clock } from '../lib/index.ts';
import type { TrustDomain } from '../spiffe/index.ts';
import { openCa, type CertificateAuthority } from './authority.ts';
import { signCertificate } from './certificate.ts';
import { isThere } from './disk.ts';
import { CA_NAME, pairPaths } from './folder.ts';
import { keyPem, newKeyPair } from './keys.ts';
import { CA_LIFE, caFields, caSubject, validityFrom } from './profile.ts';
import { publishCrl } from './publish.ts';

export interface InitOptions {
  readonly folder: string;
  readonly trustDomain: TrustDomain;
  /** Milliseconds; a year by default. */
  readonly life?: number;
  readonly now: Clock;
}

/**
 * Makes a CA: ca.key, ca.crl and, last, ca.crt, whose being there says that the CA is whole. Overwrites nothing.
 *
 * @throws OperatorFault if the folder holds a CA, or what is left of one
 */
export function initCa(options: InitOptions): CertificateAuthority {
  const { folder, trustDomain, life = CA_LIFE, now } = options;
  checkTrustDomain(trustDomain);
  checkEmpty(folder);
  const paths = pairPaths(folder, CA_NAME);
  const { privateKey, publicKey } = newKeyPair();
  const at = now();
  const subject = caSubject(trustDomain);
  const fields = caFields(trustDomain, subject, publicKey, validityFrom(at, life));
  const { pem } = signCertificate(fields, privateKey);
  writeFileAtomic(paths.key, keyPem(privateKey), { mode: 0o600, existing: 'refuse' });
  publishCrl({ folder, issuer: subject, key: privateKey, at });
  writeFileAtomic(paths.cert, pem, { mode: 0o644, existing: 'refuse' });
  return openCa({ folder, now });
}

/** In a name constraint a leading dot means "every host below", which is not this trust domain. */
function checkTrustDomain(trustDomain: TrustDomain): void {
  if (!trustDomain.name.startsWith('.')) return;
  throw new OperatorFault(
    'a CA cannot be made for a trust domain that begins with a dot',
    'Choose a name such as acme.test.',
  );
}

function checkEmpty(folder: string): void {
  const left = ['ca.crt', 'ca.key', 'ca.crl', 'issued'].filter((name) =>
    isThere(join(folder, name)),
  );
  if (left.includes('ca.crt') && left.includes('ca.key'))
    throw new OperatorFault(
      `${folder} holds a certificate authority already; it is not overwritten`,
      'Use it, or choose another folder.',
    );
  if (left.length > 0)
    throw new OperatorFault(
      `${folder} holds what is left of a certificate authority: ${left.join(', ')}`,
      'Restore the rest from a copy; or, if nothing was signed with it yet, remove these and run again.',
    );
}
