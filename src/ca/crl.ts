import { createPublicKey, type KeyObject } from 'node:crypto';
import { signatureAlgorithm, signedDer } from './certificate.ts';
import {
  derOf,
  enumerated,
  integer,
  pemOf,
  sequence,
  smallInteger,
  tagged,
  time,
  type Element,
} from './encode.ts';
import { authorityKeyIdentifier, encodeExtension } from './extensions.ts';
import { encodeName, type DistinguishedName } from './name.ts';

/** Codes of RFC 5280 5.3.1; `unspecified` is said by leaving the reason out. */
const REASONS = {
  unspecified: undefined,
  keyCompromise: 1,
  affiliationChanged: 3,
  superseded: 4,
  cessationOfOperation: 5,
  privilegeWithdrawn: 9,
} as const;

export type RevocationReason = keyof typeof REASONS;

/** Every reason that `revoke` takes. */
export const REVOCATION_REASONS = Object.keys(REASONS) as readonly RevocationReason[];

export interface RevokedEntry {
  /** Hexadecimal, as `X509Certificate.serialNumber` gives it. */
  readonly serial: string;
  /** Milliseconds since the epoch. */
  readonly revokedAt: number;
  readonly reason?: RevocationReason | undefined;
}

export interface CrlFields {
  readonly issuer: DistinguishedName;
  readonly number: number;
  readonly thisUpdate: number;
  readonly nextUpdate: number;
  readonly revoked: readonly RevokedEntry[];
}

export interface SignedCrl {
  readonly der: Buffer;
  readonly pem: string;
}

/** Signs a version 2 CRL by ECDSA with SHA-256; the signer's key is a private P-256 key. */
export function signCrl(fields: CrlFields, signerKey: KeyObject): SignedCrl {
  const number = { oid: '2.5.29.20', critical: false, value: derOf(smallInteger(fields.number)) };
  const extensions = [authorityKeyIdentifier(createPublicKey(signerKey)), number];
  const body = sequence(
    smallInteger(1),
    signatureAlgorithm(),
    encodeName(fields.issuer),
    time(fields.thisUpdate),
    time(fields.nextUpdate),
    // An empty list must be absent, not empty (RFC 5280 5.1.2.6).
    fields.revoked.length === 0 ? undefined : sequence(...fields.revoked.map(encodeEntry)),
    tagged(0, sequence(...extensions.map(encodeExtension))),
  );
  const der = signedDer(body, signerKey);
  return { der, pem: pemOf('X509 CRL', der) };
}

function encodeEntry(entry: RevokedEntry): Element {
  const code = REASONS[entry.reason ?? 'unspecified'];
  const reason =
    code === undefined
      ? undefined
      : sequence(
          encodeExtension({
            oid: '2.5.29.21',
            critical: false,
            value: derOf(enumerated(code)),
          }),
        );
  return sequence(integer(Buffer.from(entry.serial, 'hex')), time(entry.revokedAt), reason);
}
