import type { KeyObject } from 'node:crypto';
import type { SpiffeId, TrustDomain } from '../spiffe/index.ts';
import type { CertificateFields } from './certificate.ts';
import { MAX_ATTRIBUTE_LENGTH, type DistinguishedName } from './name.ts';

export interface Validity {
  /** Milliseconds since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export const CA_LIFE = 365 * DAY;
export const SVID_LIFE = DAY;
export const CRL_LIFE = 7 * DAY;

/** What we sign begins a minute ago, so that a machine whose clock is a little slow takes it at once. */
const BACKDATE = MINUTE;

/** Valid from now (a minute ago) for `life` milliseconds. */
export function validityFrom(now: number, life: number): Validity {
  return { notBefore: now - BACKDATE, notAfter: now + life };
}

/** The same length of validity again, from now; at least a minute ahead. */
export function validityAgain(now: number, old: Validity): Validity {
  return validityFrom(now, Math.max(old.notAfter - old.notBefore - BACKDATE, MINUTE));
}

/** Less than a third of its life is left (or none). */
export function isDue(validity: Validity, now: number): boolean {
  return validity.notAfter - now < (validity.notAfter - validity.notBefore) / 3;
}

export function caSubject(trustDomain: TrustDomain): DistinguishedName {
  const name = `${trustDomain.name} CA`.slice(-MAX_ATTRIBUTE_LENGTH);
  return [
    { type: 'O', value: 'Sidegate' },
    { type: 'CN', value: name },
  ];
}

/**
 * A CA that can sign identities of its own trust domain only: OpenSSL holds the name constraint against the host of every
 * URI below it, so a stolen key cannot speak for another domain that trusts the same roots by mistake.
 */
export function caFields(
  trustDomain: TrustDomain,
  subject: DistinguishedName,
  publicKey: KeyObject,
  validity: Validity,
): CertificateFields {
  return {
    subject,
    issuer: subject,
    publicKey,
    ...validity,
    basicConstraints: { ca: true, pathLength: 0 },
    keyUsage: ['keyCertSign', 'cRLSign'],
    altNames: [{ type: 'uri', value: `spiffe://${trustDomain.name}` }],
    nameConstraints: { permittedUris: [trustDomain.name] },
  };
}

export interface SvidNames {
  readonly id: SpiffeId;
  readonly dns: readonly string[];
  readonly ip: readonly string[];
  /** For people; never an identity. Empty makes the alternative names critical. */
  readonly subject: DistinguishedName;
}

/** An X509-SVID (X509-SVID 2 to 5): one URI, digitalSignature only, both server and client. */
export function svidFields(
  names: SvidNames,
  issuer: DistinguishedName,
  publicKey: KeyObject,
  validity: Validity,
): CertificateFields {
  return {
    subject: names.subject,
    issuer,
    publicKey,
    ...validity,
    basicConstraints: { ca: false },
    keyUsage: ['digitalSignature'],
    extendedKeyUsage: ['serverAuth', 'clientAuth'],
    altNames: [
      { type: 'uri', value: names.id.toString() },
      ...names.dns.map((value) => ({ type: 'dns', value }) as const),
      ...names.ip.map((value) => ({ type: 'ip', value }) as const),
    ],
  };
}
