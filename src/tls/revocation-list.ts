import { verify, type KeyObject, type X509Certificate } from 'node:crypto';
import { readCrl, type CrlFacts } from '../spiffe/index.ts';
import type { ReadCertificate } from './certificate-file.ts';

interface Algorithm {
  readonly digest: string | null;
  readonly keyType: string;
}

/** By object identifier; SHA-1 and older are left out on purpose. */
const ALGORITHMS: ReadonlyMap<string, Algorithm> = new Map([
  ['1.2.840.10045.4.3.2', { digest: 'sha256', keyType: 'ec' }],
  ['1.2.840.10045.4.3.3', { digest: 'sha384', keyType: 'ec' }],
  ['1.2.840.10045.4.3.4', { digest: 'sha512', keyType: 'ec' }],
  ['1.2.840.113549.1.1.11', { digest: 'sha256', keyType: 'rsa' }],
  ['1.2.840.113549.1.1.12', { digest: 'sha384', keyType: 'rsa' }],
  ['1.2.840.113549.1.1.13', { digest: 'sha512', keyType: 'rsa' }],
  ['1.3.101.112', { digest: null, keyType: 'ed25519' }],
]);

/** A list, and by whom it was signed. */
export class RevocationList {
  readonly facts: CrlFacts;
  /** A signature is verified once for each issuer: roots are asked about on every connection. */
  readonly #answers = new WeakMap<X509Certificate, boolean>();

  /** @throws DerError */
  constructor(der: Uint8Array) {
    this.facts = readCrl(der);
  }

  isInForce(now: number): boolean {
    return now >= this.facts.thisUpdate && now < this.facts.nextUpdate;
  }

  isSignedBy(issuer: ReadCertificate): boolean {
    const known = this.#answers.get(issuer.x509);
    if (known !== undefined) return known;
    const answer = namesIssuer(this.facts, issuer) && signatureFits(this.facts, issuer);
    this.#answers.set(issuer.x509, answer);
    return answer;
  }
}

/** Two CAs may have one name, after a change of keys: the key identifiers tell them apart. */
function namesIssuer(list: CrlFacts, { facts }: ReadCertificate): boolean {
  if (Buffer.compare(list.issuer, facts.subject) !== 0) return false;
  const { authorityKeyId } = list;
  const { subjectKeyId } = facts;
  if (authorityKeyId === undefined || subjectKeyId === undefined) return true;
  return authorityKeyId === subjectKeyId;
}

function signatureFits(list: CrlFacts, issuer: ReadCertificate): boolean {
  if (issuer.facts.keyUsage?.cRLSign !== true) return false;
  const key: KeyObject = issuer.x509.publicKey;
  const algorithm = ALGORITHMS.get(list.signatureAlgorithm);
  if (algorithm === undefined || key.asymmetricKeyType !== algorithm.keyType) return false;
  return verify(algorithm.digest, list.tbs, key, list.signature);
}
