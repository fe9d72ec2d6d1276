import type { FailureCode } from '../call/index.ts';

/** A connection that ended before anybody could say who they are. */
export interface FailedHandshake {
  readonly code: Extract<FailureCode, 'HANDSHAKE_FAILED' | 'TOO_MANY_CONNECTIONS' | 'INTERNAL'>;
  /** For the operator; holds nothing that the peer chose. */
  readonly detail: string;
  readonly address: string;
}

export const LEFT = 'it left during the handshake';

/** Node's and OpenSSL's codes, in words that fit after the address; others are given as they are. */
const WORDS: ReadonlyMap<string, string> = new Map([
  ['ECONNRESET', LEFT],
  ['ERR_TLS_HANDSHAKE_TIMEOUT', 'it took too long for the handshake'],
  ['ERR_SSL_HTTP_REQUEST', 'it spoke plain HTTP on the TLS port'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'it did not speak TLS'],
  ['ERR_SSL_PACKET_LENGTH_TOO_LONG', 'it did not speak TLS'],
  ['ERR_SSL_UNSUPPORTED_PROTOCOL', 'it offered no TLS version that is taken here'],
  [
    'ERR_SSL_NO_APPLICATION_PROTOCOL',
    'it offered no protocol that is spoken here (only http/1.1 is)',
  ],
  ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'it does not trust our certificate'],
  ['ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE', 'it does not take our certificate'],
  ['ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN', 'it does not take our certificate'],
  ['ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED', 'it says that our certificate has expired'],
]);

/** What went wrong in a handshake, by the error that Node gives. */
export function wordsOf(error: Error): string {
  const code = 'code' in error ? String(error.code) : error.name;
  return WORDS.get(code) ?? code;
}
