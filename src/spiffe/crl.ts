import { DerError, DerReader, TAG, contextGroup, enterOnly } from './der.ts';
import {
  bigIntegerOf,
  bitStringBytes,
  oidOf,
  serialOf,
  smallIntegerOf,
  takeTime,
} from './der-values.ts';
import { OID, authorityKeyIdOf, readExtensions, type Extensions } from './extensions.ts';

/** What a certificate revocation list says. Reading it verifies nothing; `tbs` and `signature` are for that. */
export interface CrlFacts {
  /** DER of the issuer's name. */
  readonly issuer: Uint8Array;
  /** Milliseconds since the epoch. */
  readonly thisUpdate: number;
  readonly nextUpdate: number;
  readonly crlNumber: bigint | undefined;
  /** Serials, as `CertificateFacts.serial` writes them. */
  readonly revoked: ReadonlySet<string>;
  /** The bytes that are signed. */
  readonly tbs: Uint8Array;
  /** Dotted object identifier. */
  readonly signatureAlgorithm: string;
  readonly signature: Uint8Array;
  /** Lower-case hexadecimal. */
  readonly authorityKeyId: string | undefined;
}

const MAX_CRL_BYTES = 16 * 1024 * 1024;
const VERSION_2 = 1;

/**
 * Reads a complete CRL. One without a next update, or with any critical extension (delta lists, lists for some reasons or
 * some certificates only), is refused: it would not tell us who is *not* revoked (RFC 5280 5.2).
 *
 * @throws DerError and nothing else
 */
export function readCrl(der: Uint8Array): CrlFacts {
  if (der.length > MAX_CRL_BYTES) throw new DerError('TOO_LARGE', 'the list has more than 16 MiB');
  const list = enterOnly(der, TAG.sequence);
  const tbs = list.take(TAG.sequence);
  const algorithm = list.take(TAG.sequence);
  const signature = bitStringBytes(list.take(TAG.bitString));
  list.end();
  const signatureAlgorithm = readAlgorithm(algorithm.whole);
  const body = readTbs(enterOnly(tbs.whole, TAG.sequence), algorithm.whole);
  return { ...body, tbs: tbs.whole, signatureAlgorithm, signature };
}

function readTbs(
  tbs: DerReader,
  outerAlgorithm: Uint8Array,
): Omit<CrlFacts, 'tbs' | 'signature' | 'signatureAlgorithm'> {
  const version = tbs.optional(TAG.integer);
  if (version !== undefined && smallIntegerOf(version) !== VERSION_2)
    throw new DerError('VALUE', 'the list is of an unknown version');
  if (Buffer.compare(tbs.take(TAG.sequence).whole, outerAlgorithm) !== 0)
    throw new DerError('VALUE', 'the two signature algorithms differ');
  const issuer = tbs.take(TAG.sequence).whole;
  const thisUpdate = takeTime(tbs);
  if (tbs.peek() !== TAG.utcTime && tbs.peek() !== TAG.generalizedTime)
    throw new DerError('VALUE', 'the list does not say when the next one comes');
  const nextUpdate = takeTime(tbs);
  const entries = tbs.optional(TAG.sequence);
  const revoked = entries === undefined ? new Set<string>() : readEntries(entries.whole);
  const extensions = tbs.peek() === undefined ? new Map() : readGroup(tbs);
  tbs.end();
  if (version === undefined && extensions.size > 0)
    throw new DerError('VALUE', 'a list of version 1 has extensions');
  return {
    ...{ issuer, thisUpdate, nextUpdate, revoked },
    crlNumber: crlNumberOf(extensions),
    authorityKeyId: authorityKeyIdOf(extensions),
  };
}

function readEntries(whole: Uint8Array): Set<string> {
  const revoked = new Set<string>();
  for (const list = enterOnly(whole, TAG.sequence); list.peek() !== undefined;) {
    const entry = list.enter(TAG.sequence);
    revoked.add(serialOf(entry.take(TAG.integer)));
    takeTime(entry);
    if (entry.peek() !== undefined) refuseCritical(readExtensions(entry.enter(TAG.sequence)));
    entry.end();
  }
  return revoked;
}

function readGroup(tbs: DerReader): Extensions {
  const inner = enterOnly(tbs.take(contextGroup(0)).content, TAG.sequence);
  const extensions = readExtensions(inner);
  refuseCritical(extensions);
  return extensions;
}

function refuseCritical(extensions: Extensions): void {
  for (const { critical } of extensions.values())
    if (critical) throw new DerError('VALUE', 'the list has a critical extension');
}

function crlNumberOf(extensions: Extensions): bigint | undefined {
  const extension = extensions.get(OID.crlNumber);
  if (extension === undefined) return undefined;
  const reader = new DerReader(extension.value);
  const number = bigIntegerOf(reader.take(TAG.integer));
  reader.end();
  return number;
}

/** Its parameters must be absent or NULL: those of RSASSA-PSS are not supported. */
function readAlgorithm(whole: Uint8Array): string {
  const reader = enterOnly(whole, TAG.sequence);
  const id = oidOf(reader.take(TAG.oid));
  const parameters = reader.optional(TAG.null);
  reader.end();
  if (parameters !== undefined && parameters.content.length > 0)
    throw new DerError('VALUE', 'a NULL is not empty');
  return id;
}
