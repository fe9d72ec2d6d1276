import { DerError, DerReader, TAG, contextGroup, contextTag, enterOnly } from './der.ts';
import {
  hexOf,
  latin1Of,
  namedBitsOf,
  oidOf,
  optionalBoolean,
  smallIntegerOf,
} from './der-values.ts';

export interface Extension {
  readonly critical: boolean;
  /** The DER inside the OCTET STRING. */
  readonly value: Uint8Array;
}

/** By object identifier. */
export type Extensions = ReadonlyMap<string, Extension>;

export interface KeyUsage {
  readonly critical: boolean;
  readonly digitalSignature: boolean;
  readonly keyCertSign: boolean;
  readonly cRLSign: boolean;
}

export interface BasicConstraints {
  readonly isCa: boolean;
  /** How many CAs may stand between this one and a leaf; undefined for any number. */
  readonly pathLength: number | undefined;
}

export const OID = {
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  crlNumber: '2.5.29.20',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
} as const;

const MAX_EXTENSIONS = 64;
const MAX_NAMES = 1024;
const URI = contextTag(6);
/** otherName, x400Address, directoryName and ediPartyName are constructed, the others bare bytes (RFC 5280 4.2.1.6). */
const GENERAL_NAMES: ReadonlySet<number> = new Set([
  ...[0, 3, 4, 5].map(contextGroup),
  ...[1, 2, 6, 7, 8].map(contextTag),
]);

/**
 * A SEQUENCE OF Extension. One that stands there twice is refused: which of them counts would be up to the reader.
 *
 * @throws DerError
 */
export function readExtensions(list: DerReader): Extensions {
  const found = new Map<string, Extension>();
  while (list.peek() !== undefined) {
    const entry = list.enter(TAG.sequence);
    const id = oidOf(entry.take(TAG.oid));
    const critical = optionalBoolean(entry);
    const value = entry.take(TAG.octetString).content;
    entry.end();
    if (found.has(id)) throw new DerError('DUPLICATE', 'an extension stands there twice');
    if (found.size >= MAX_EXTENSIONS) throw new DerError('TOO_LARGE', 'too many extensions');
    found.set(id, { critical, value });
  }
  if (found.size === 0) throw new DerError('VALUE', 'a list of extensions is empty');
  return found;
}

/**
 * The URIs among the alternative names, byte by byte and unchecked.
 *
 * @throws DerError
 */
export function uriNamesOf(extensions: Extensions): string[] {
  const extension = extensions.get(OID.subjectAltName);
  if (extension === undefined) return [];
  const uris: string[] = [];
  let count = 0;
  for (
    const names = enterOnly(extension.value, TAG.sequence);
    names.peek() !== undefined;
    count++
  ) {
    const { tag, content } = names.any();
    if (!GENERAL_NAMES.has(tag)) throw new DerError('TAG', 'an alternative name is of no kind');
    if (count >= MAX_NAMES) throw new DerError('TOO_LARGE', 'too many alternative names');
    if (tag === URI) uris.push(latin1Of(content));
  }
  if (count === 0) throw new DerError('VALUE', 'the list of alternative names is empty');
  return uris;
}

/** @throws DerError */
export function basicConstraintsOf(extensions: Extensions): BasicConstraints {
  const extension = extensions.get(OID.basicConstraints);
  if (extension === undefined) return { isCa: false, pathLength: undefined };
  const reader = enterOnly(extension.value, TAG.sequence);
  const isCa = optionalBoolean(reader);
  const length = reader.optional(TAG.integer);
  reader.end();
  if (length === undefined) return { isCa, pathLength: undefined };
  if (!isCa) throw new DerError('VALUE', 'a path length stands in a certificate that is no CA');
  return { isCa, pathLength: smallIntegerOf(length) };
}

/** @throws DerError */
export function keyUsageOf(extensions: Extensions): KeyUsage | undefined {
  const extension = extensions.get(OID.keyUsage);
  if (extension === undefined) return undefined;
  const outer = new DerReader(extension.value);
  const bits = namedBitsOf(outer.take(TAG.bitString));
  outer.end();
  return {
    critical: extension.critical,
    digitalSignature: bits.has(0),
    keyCertSign: bits.has(5),
    cRLSign: bits.has(6),
  };
}

/** Object identifiers of the purposes. @throws DerError */
export function extendedKeyUsageOf(extensions: Extensions): string[] | undefined {
  const extension = extensions.get(OID.extendedKeyUsage);
  if (extension === undefined) return undefined;
  const usages: string[] = [];
  const reader = enterOnly(extension.value, TAG.sequence);
  while (reader.peek() !== undefined) {
    if (usages.length >= MAX_EXTENSIONS) throw new DerError('TOO_LARGE', 'too many purposes');
    usages.push(oidOf(reader.take(TAG.oid)));
  }
  if (usages.length === 0) throw new DerError('VALUE', 'the list of purposes is empty');
  return usages;
}

/** Lower-case hexadecimal. @throws DerError */
export function authorityKeyIdOf(extensions: Extensions): string | undefined {
  const extension = extensions.get(OID.authorityKeyIdentifier);
  if (extension === undefined) return undefined;
  const id = enterOnly(extension.value, TAG.sequence).optional(contextTag(0));
  return id === undefined ? undefined : hexOf(id.content);
}

/** Lower-case hexadecimal. @throws DerError */
export function subjectKeyIdOf(extensions: Extensions): string | undefined {
  const extension = extensions.get(OID.subjectKeyIdentifier);
  if (extension === undefined) return undefined;
  const outer = new DerReader(extension.value);
  const id = outer.take(TAG.octetString);
  outer.end();
  return hexOf(id.content);
}
