import { createHash, type KeyObject } from 'node:crypto';
import { isIPv4, isIPv6 } from 'node:net';
import {
  boolean,
  derOf,
  namedBits,
  octetString,
  oid,
  sequence,
  smallInteger,
  tagged,
  taggedBytes,
  type Element,
} from './encode.ts';

/** An X.509 extension; `value` is its DER. */
export interface Extension {
  readonly oid: string;
  readonly critical: boolean;
  readonly value: Uint8Array;
}

export interface AltName {
  readonly type: 'uri' | 'dns' | 'ip' | 'email';
  readonly value: string;
}

export interface NameConstraints {
  /** Hosts that a URI may have: `acme.test` is that host alone, `.acme.test` all hosts below it. */
  readonly permittedUris?: readonly string[];
  readonly excludedUris?: readonly string[];
}

/** Bit numbers of RFC 5280 4.2.1.3. */
const KEY_USAGES = {
  digitalSignature: 0,
  nonRepudiation: 1,
  keyEncipherment: 2,
  dataEncipherment: 3,
  keyAgreement: 4,
  keyCertSign: 5,
  cRLSign: 6,
} as const;

const EXTENDED_KEY_USAGES = {
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
  codeSigning: '1.3.6.1.5.5.7.3.3',
} as const;

export type KeyUsage = keyof typeof KEY_USAGES;
export type ExtendedKeyUsage = keyof typeof EXTENDED_KEY_USAGES;

/** Tag numbers of GeneralName (RFC 5280 4.2.1.6). */
const ALT_NAME_TAGS = { email: 1, dns: 2, uri: 6, ip: 7 } as const;

export function encodeExtension(extension: Extension): Element {
  const critical = extension.critical ? boolean(true) : undefined;
  return sequence(oid(extension.oid), critical, octetString(extension.value));
}

export function subjectAltName(names: readonly AltName[], critical: boolean): Extension {
  const elements = names.map((name) => taggedBytes(ALT_NAME_TAGS[name.type], altNameBytes(name)));
  return { oid: '2.5.29.17', critical, value: derOf(sequence(...elements)) };
}

/** cA false is DEFAULT, so DER leaves it out and the SEQUENCE is empty. */
export function basicConstraints(ca: boolean, pathLength?: number): Extension {
  const length = pathLength === undefined ? undefined : smallInteger(pathLength);
  const value = sequence(ca ? boolean(true) : undefined, length);
  return { oid: '2.5.29.19', critical: true, value: derOf(value) };
}

export function keyUsage(usages: readonly KeyUsage[]): Extension {
  const bits = namedBits(usages.map((usage) => KEY_USAGES[usage]));
  return { oid: '2.5.29.15', critical: true, value: derOf(bits) };
}

export function extendedKeyUsage(usages: readonly ExtendedKeyUsage[]): Extension {
  const value = sequence(...usages.map((usage) => oid(EXTENDED_KEY_USAGES[usage])));
  return { oid: '2.5.29.37', critical: false, value: derOf(value) };
}

/** Critical, so that a verifier that cannot hold it refuses the chain (RFC 5280 4.2.1.10). */
export function nameConstraints(constraints: NameConstraints): Extension {
  const { permittedUris = [], excludedUris = [] } = constraints;
  const value = sequence(subtrees(0, permittedUris), subtrees(1, excludedUris));
  return { oid: '2.5.29.30', critical: true, value: derOf(value) };
}

function subtrees(tag: number, hosts: readonly string[]): Element | undefined {
  if (hosts.length === 0) return undefined;
  const bases = hosts.map((host) => sequence(taggedBytes(ALT_NAME_TAGS.uri, Buffer.from(host))));
  return tagged(tag, ...bases);
}

export function subjectKeyIdentifier(key: KeyObject): Extension {
  return { oid: '2.5.29.14', critical: false, value: derOf(octetString(keyIdentifier(key))) };
}

/** Names the key alone, not issuer and serial, so that it still fits when the CA's certificate is renewed. */
export function authorityKeyIdentifier(key: KeyObject): Extension {
  const value = sequence(taggedBytes(0, keyIdentifier(key)));
  return { oid: '2.5.29.35', critical: false, value: derOf(value) };
}

/** 160 bits of the SHA-256 of the public key; RFC 5280 4.2.1.2 leaves the method to the CA. */
function keyIdentifier(key: KeyObject): Buffer {
  const spki = key.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(spki).digest().subarray(0, 20);
}

function altNameBytes(name: AltName): Buffer {
  return name.type === 'ip' ? addressBytes(name.value) : Buffer.from(name.value, 'latin1');
}

function addressBytes(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number));
  if (!isIPv6(address)) throw new TypeError('not an IP address');
  // URL writes every form (embedded IPv4, upper case) as plain groups with at most one "::".
  const plain = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const [head = '', tail = ''] = plain.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === '' ? [] : tail.split(':');
  const gap = Array.from({ length: 8 - left.length - right.length }, () => '0');
  const groups = [...left, ...gap, ...right].map((group) => group.padStart(4, '0'));
  return Buffer.from(groups.join(''), 'hex');
}
