import { createPrivateKey, type KeyObject } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { readText } from '../files/index.ts';
import { OperatorFault } from '../lib/index.ts';
import { SERVER_AUTH, svidOf, type SpiffeId } from '../spiffe/index.ts';
import { isoTime, readCertificateFile, type ReadCertificate } from './certificate-file.ts';
import type { IdentitySection } from './sections.ts';

/** Who we are, checked and whole: certificate and key fit, and are swapped as one. */
export interface Identity {
  readonly spiffeId: SpiffeId;
  /** The leaf, then its intermediates: what we show. */
  readonly certPem: string;
  readonly keyPem: string;
  /** Lower-case hexadecimal. */
  readonly serial: string;
  /** SHA-256 of the leaf's DER, lower-case hexadecimal. */
  readonly sha256: string;
  /** Milliseconds since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
}

const CERT = {
  what: 'our certificate',
  ifMissing: 'Run: sidegate ca init, then sidegate ca mint NAME.',
};
const KEY = { what: 'our private key', ifMissing: 'Run: sidegate ca mint NAME.' };

/**
 * Loads our certificate and key and checks everything that could make handshakes fail later.
 *
 * @throws OperatorFault
 */
export function loadIdentity(section: IdentitySection, now: number): Identity {
  const chain = readCertificateFile(section.cert, CERT);
  const [leaf, ...above] = chain;
  if (leaf === undefined) throw new TypeError('a certificate file without certificates');
  const spiffeId = checkLeaf(leaf, section.cert);
  checkValidity(leaf, section.cert, now);
  checkOrder(leaf, above, section.cert);
  const keyPem = readText(section.key, KEY);
  const key = readKey(keyPem, section.key);
  if (!leaf.x509.checkPrivateKey(key))
    throw new OperatorFault(
      `the private key ${section.key} does not fit our certificate ${section.cert}`,
      'Name the key that was made with this certificate, or run: sidegate ca mint NAME.',
    );
  const certPem = chain.map(({ x509 }) => x509.toString()).join('');
  checkUsable(certPem, keyPem, section);
  const { serial, notBefore, notAfter } = leaf.facts;
  const sha256 = leaf.x509.fingerprint256.replaceAll(':', '').toLowerCase();
  return Object.freeze({ spiffeId, certPem, keyPem, serial, sha256, notBefore, notAfter });
}

function checkLeaf(leaf: ReadCertificate, path: string): SpiffeId {
  const reading = svidOf(leaf.x509.raw);
  const remedy = 'Put our own leaf first, issued e.g. with sidegate ca mint NAME.';
  if (!reading.ok)
    throw new OperatorFault(
      `our certificate ${path} is no X.509-SVID: ${reading.fault.detail}`,
      remedy,
    );
  if (leaf.facts.extendedKeyUsage?.includes(SERVER_AUTH) === false)
    throw new OperatorFault(
      `our certificate ${path} is not for servers: the extended key usage does not name serverAuth`,
      remedy,
    );
  return reading.svid.spiffeId;
}

function checkValidity({ facts }: ReadCertificate, path: string, now: number): void {
  if (now >= facts.notAfter)
    throw new OperatorFault(
      `our certificate ${path} expired at ${isoTime(facts.notAfter)}`,
      'Renew it: sidegate ca renew.',
    );
  if (now < facts.notBefore)
    throw new OperatorFault(
      `our certificate ${path} is valid only from ${isoTime(facts.notBefore)}`,
      "Compare this machine's clock with the one that issued it.",
    );
}

/** A chain in another order is sent as it stands, and peers would refuse it. */
function checkOrder(leaf: ReadCertificate, above: readonly ReadCertificate[], path: string): void {
  let below = leaf;
  for (const [index, next] of above.entries()) {
    if (!below.x509.checkIssued(next.x509))
      throw new OperatorFault(
        `certificate ${index + 2} of our certificate ${path} did not issue the one before it`,
        'Write our leaf first, then the CA that issued it, then the next one up.',
      );
    below = next;
  }
}

function readKey(pem: string, path: string): KeyObject {
  if (/^-----BEGIN ENCRYPTED |^Proc-Type: *4, *ENCRYPTED/m.test(pem))
    throw new OperatorFault(
      `our private key ${path} is encrypted`,
      'Store it without a passphrase and readable by this user alone: openssl pkey -in OLD -out NEW.',
    );
  try {
    return createPrivateKey(pem);
  } catch (error) {
    throw new OperatorFault(
      `our private key ${path} is no private key in PEM`,
      'Check that this is the file you meant; a certificate belongs under cert.',
      { cause: error },
    );
  }
}

/** OpenSSL refuses weak keys and digests only when it is asked to use them. */
function checkUsable(cert: string, key: string, section: IdentitySection): void {
  try {
    createSecureContext({ cert, key });
  } catch (error) {
    throw new OperatorFault(
      `OpenSSL does not take our certificate ${section.cert}: ${reasonOf(error)}`,
      'Issue it with a P-256 key, e.g. with sidegate ca mint NAME.',
      { cause: error },
    );
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof Error && 'reason' in error) return String(error.reason);
  return 'for a reason that it does not tell';
}
