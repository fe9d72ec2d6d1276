import { constants } from 'node:crypto';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import type { Identity } from './identity.ts';
import { allRoots, rootsOf, type Trust } from './trust.ts';

/** The oldest TLS version that is taken. */
export type MinTls = '1.3' | '1.2';

/** Forward secrecy and AEAD only; the second line is for 1.2 alone. Node's own list still has CBC and CCM. */
const CIPHERS = [
  ...['TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256', 'TLS_AES_128_GCM_SHA256'],
  ...['ECDHE-ECDSA-AES256-GCM-SHA384', 'ECDHE-RSA-AES256-GCM-SHA384'],
  ...['ECDHE-ECDSA-CHACHA20-POLY1305', 'ECDHE-RSA-CHACHA20-POLY1305'],
  ...['ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-RSA-AES128-GCM-SHA256'],
].join(':');

/** For handshakes and for the certificates in them: no SHA-1. */
const SIGNATURES = [
  ...['ed25519', 'ecdsa_secp256r1_sha256', 'ecdsa_secp384r1_sha384', 'ecdsa_secp521r1_sha512'],
  ...['rsa_pss_rsae_sha256', 'rsa_pss_rsae_sha384', 'rsa_pss_rsae_sha512'],
  ...['rsa_pss_pss_sha256', 'rsa_pss_pss_sha384', 'rsa_pss_pss_sha512'],
  ...['rsa_pkcs1_sha256', 'rsa_pkcs1_sha384', 'rsa_pkcs1_sha512'],
].join(':');

const CLASSIC_GROUPS = 'X25519:secp256r1:secp384r1';
const HYBRID_GROUPS = `X25519MLKEM768:${CLASSIC_GROUPS}`;

/** The post-quantum hybrid first, where the OpenSSL below us has it: it throws on names that it does not know. */
export function supportedGroups(): string {
  try {
    createSecureContext({ ecdhCurve: HYBRID_GROUPS });
    return HYBRID_GROUPS;
  } catch {
    return CLASSIC_GROUPS;
  }
}

/**
 * What a server's handshakes are made of. No tickets, so that no session outlives the certificate that it was made with
 * (STANDARDS 7.3), and no renegotiation, so that a peer's certificate cannot change on an open connection.
 */
export function serverContext(
  identity: Identity,
  trust: Trust,
  minTls: MinTls,
  groups: string,
): SecureContextOptions {
  return {
    cert: identity.certPem,
    key: identity.keyPem,
    ca: allRoots(trust),
    minVersion: `TLSv${minTls}`,
    maxVersion: 'TLSv1.3',
    ciphers: CIPHERS,
    sigalgs: SIGNATURES,
    ecdhCurve: groups,
    honorCipherOrder: true,
    secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
  };
}

export interface ClientParts {
  /** What we show; undefined for nothing. */
  readonly identity: Identity | undefined;
  readonly trust: Trust;
  readonly domain: string | undefined;
}

/**
 * What our handshakes with a server are made of. `domain` is the trust domain whose roots alone may vouch for it; without
 * one, the CAs of the web do, which have not all left TLS 1.2.
 */
export function clientContext(
  { identity, trust, domain }: ClientParts,
  groups: string,
): SecureContextOptions {
  return {
    ...(identity === undefined ? {} : { cert: identity.certPem, key: identity.keyPem }),
    ...(domain === undefined ? {} : { ca: rootsOf(trust, domain) }),
    minVersion: domain === undefined ? 'TLSv1.2' : 'TLSv1.3',
    maxVersion: 'TLSv1.3',
    ciphers: CIPHERS,
    sigalgs: SIGNATURES,
    ecdhCurve: groups,
  };
}
