import { OperatorFault } from '../../lib/index.ts';

interface Known {
  readonly reason: string;
  readonly remedy: string;
  readonly exitCode?: 1 | 2;
}

const REISSUE =
  'Mint its certificate for this host (sidegate ca mint NAME --dns …), or compare the CA in --dir.';
const UNTRUSTED = {
  reason: 'its certificate is not of the CA in --dir',
  remedy: 'Compare ca.crt with the CA that issued the certificate of the sidecar.',
};
const MISFIT = {
  reason: 'the certificate or key in --dir cannot be used',
  remedy: 'Look at it with: sidegate ca list',
  exitCode: 2,
} as const;

const KNOWN: Readonly<Record<string, Known>> = {
  ECONNREFUSED: { reason: 'nobody listens there', remedy: 'Start the sidecar: sidegate run' },
  ENOTFOUND: { reason: 'this name has no address', remedy: 'Correct --to.' },
  EAI_AGAIN: { reason: 'the name cannot be looked up', remedy: 'Correct --to.' },
  ETIMEDOUT: { reason: 'it does not answer', remedy: 'Correct --to.' },
  ECONNRESET: {
    reason: 'it closed the connection without an answer',
    remedy: "Look at the sidecar's own lines, or: sidegate why last",
  },
  EPROTO: { reason: 'it does not speak TLS', remedy: 'Correct --to.' },
  ERR_SSL_WRONG_VERSION_NUMBER: { reason: 'it does not speak TLS', remedy: 'Correct --to.' },
  ERR_SSL_PACKET_LENGTH_TOO_LONG: { reason: 'it does not speak TLS', remedy: 'Correct --to.' },
  ERR_TLS_CERT_ALTNAME_INVALID: { reason: 'its certificate is for other hosts', remedy: REISSUE },
  CERT_HAS_EXPIRED: {
    reason: 'its certificate has expired',
    remedy: 'Run: sidegate ca renew',
  },
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  CERT_SIGNATURE_FAILURE: UNTRUSTED,
  ERR_OSSL_PEM_NO_START_LINE: MISFIT,
  ERR_OSSL_X509_KEY_VALUES_MISMATCH: MISFIT,
  ERR_OSSL_X509_KEY_TYPE_MISMATCH: MISFIT,
  ERR_UNESCAPED_CHARACTERS: {
    reason: 'the path has a character that cannot be sent',
    remedy: 'Write it percent-encoded.',
    exitCode: 2,
  },
  ERR_INVALID_HTTP_TOKEN: {
    reason: 'the method is none',
    remedy: 'Write e.g. GET or POST.',
    exitCode: 2,
  },
  ERR_INVALID_CHAR: {
    reason: 'a header field has a character that cannot be sent',
    remedy: 'Correct -H.',
    exitCode: 2,
  },
};

/** Why there is no answer, for a person. */
export function callFault(error: unknown, to: URL): OperatorFault {
  if (error instanceof OperatorFault) return error;
  const code = codeOf(error);
  const {
    reason,
    remedy,
    exitCode = 1,
  } = KNOWN[code] ?? {
    reason: `the system said ${code}`,
    remedy: 'Correct --to.',
  };
  return new OperatorFault(`cannot call ${to.origin}: ${reason}`, remedy, {
    cause: error,
    exitCode,
  });
}

/** Of several addresses that were tried, the last one's. */
function codeOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0)
    return codeOf(error.errors.at(-1));
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}
