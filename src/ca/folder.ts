import { createPrivateKey, type KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { readText } from '../files/index.ts';
import { OperatorFault } from '../lib/index.ts';
import { isThere, namesIn } from './disk.ts';
import { readFacts, type CertificateFacts } from './facts.ts';

/** The name of the CA's own pair; no agent may have it. */
export const CA_NAME = 'ca';

/** What an agent's files may be called: safe as a file name everywhere, and one segment of a SPIFFE ID. */
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9._-]{0,62}$/;

export interface PairPaths {
  readonly cert: string;
  readonly key: string;
}

/** A certificate and the key that fits it. */
export interface Pair {
  readonly facts: CertificateFacts;
  readonly key: KeyObject;
}

export function pairPaths(folder: string, name: string): PairPaths {
  return { cert: join(folder, `${name}.crt`), key: join(folder, `${name}.key`) };
}

export function crlPath(folder: string): string {
  return join(folder, 'ca.crl');
}

/** @throws OperatorFault if an agent cannot be called so */
export function checkAgentName(name: string): void {
  if (NAME.test(name) && name.toLowerCase() !== CA_NAME) return;
  throw new OperatorFault(
    `'${name}' cannot be the name of an agent's certificate`,
    'Use 1 to 63 letters, digits, ".", "_" or "-", beginning with a letter or digit; not "ca".',
  );
}

/** Every agent of which a certificate or a key lies in the folder, sorted. */
export function agentNames(folder: string): readonly string[] {
  const names = namesIn(folder)
    .filter((file) => /\.(crt|key)$/.test(file))
    .map((file) => file.slice(0, -'.crt'.length))
    .filter((name) => NAME.test(name) && name.toLowerCase() !== CA_NAME);
  return [...new Set(names)];
}

/**
 * Reads a certificate and its key, and holds them against each other: a process that was killed between the two leaves
 * half a pair, and a TLS server would say so much later and less clearly.
 *
 * @throws OperatorFault that says what is wrong; its remedy is the given one, which depends on whose pair it is
 */
export function readPair(paths: PairPaths, remedy: string): Pair {
  const pem = readText(paths.cert, { what: 'the certificate', ifMissing: remedy });
  const facts = readFacts(pem, paths.cert, remedy);
  const key = readKey(paths.key, remedy);
  if (!facts.x509.checkPrivateKey(key))
    throw new OperatorFault(`${paths.key} is not the key of ${paths.cert}`, remedy);
  return { facts, key };
}

function readKey(path: string, remedy: string): KeyObject {
  const pem = readText(path, { what: 'the key', ifMissing: remedy });
  try {
    return createPrivateKey(pem);
  } catch {
    // Without the cause: what a parser says about a key must not reach a log.
    throw new OperatorFault(`${path} is not a private key in PEM`, remedy);
  }
}

/** Which of the two files are there. */
export function presence(paths: PairPaths): 'both' | 'none' | 'certificate only' | 'key only' {
  const cert = isThere(paths.cert);
  const key = isThere(paths.key);
  if (cert && key) return 'both';
  if (cert) return 'certificate only';
  return key ? 'key only' : 'none';
}
