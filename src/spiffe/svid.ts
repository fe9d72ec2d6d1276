import { readCertificate, type CertificateFacts } from './certificate.ts';
import { DerError } from './der.ts';
import { SpiffeId, SpiffeIdError } from './id.ts';

/** A certificate that has the form of an X.509-SVID leaf. Whether anybody vouches for it is another question. */
export interface Svid {
  readonly spiffeId: SpiffeId;
  readonly facts: CertificateFacts;
}

export type SvidFaultCode =
  | 'MALFORMED'
  | 'NO_URI'
  | 'SEVERAL_URIS'
  | 'INVALID_ID'
  | 'NO_PATH'
  | 'IS_CA'
  | 'NO_KEY_USAGE'
  | 'KEY_USAGE_NOT_CRITICAL'
  | 'NO_DIGITAL_SIGNATURE'
  | 'SIGNS_CERTIFICATES'
  | 'SIGNS_CRLS'
  | 'NO_CLIENT_AUTH';

/** Why a certificate is no SVID; `detail` is a sentence without anything that the certificate says. */
export interface SvidFault {
  readonly code: SvidFaultCode;
  readonly detail: string;
  /** The ID that it claims, if it claims exactly one that is well-formed. */
  readonly claimed: SpiffeId | undefined;
  readonly serial: string | undefined;
}

export type SvidReading =
  { readonly ok: true; readonly svid: Svid } | { readonly ok: false; readonly fault: SvidFault };

export const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
export const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';

type Check = {
  readonly code: SvidFaultCode;
  readonly detail: string;
  readonly broken: (facts: CertificateFacts) => boolean;
};

/** X509-SVID 4 and 5.2. */
const USAGES: readonly Check[] = [
  { code: 'IS_CA', detail: 'the certificate is a CA', broken: (facts) => facts.isCa },
  {
    code: 'NO_KEY_USAGE',
    detail: 'the certificate does not say what its key is for',
    broken: (facts) => facts.keyUsage === undefined,
  },
  {
    code: 'KEY_USAGE_NOT_CRITICAL',
    detail: 'the key usage is not critical',
    broken: (facts) => facts.keyUsage?.critical !== true,
  },
  {
    code: 'NO_DIGITAL_SIGNATURE',
    detail: 'the key may not sign',
    broken: (facts) => facts.keyUsage?.digitalSignature !== true,
  },
  {
    code: 'SIGNS_CERTIFICATES',
    detail: 'the key may sign certificates',
    broken: (facts) => facts.keyUsage?.keyCertSign !== false,
  },
  {
    code: 'SIGNS_CRLS',
    detail: 'the key may sign revocation lists',
    broken: (facts) => facts.keyUsage?.cRLSign !== false,
  },
  {
    code: 'NO_CLIENT_AUTH',
    detail: 'the extended key usage does not name clientAuth',
    broken: ({ extendedKeyUsage }) => extendedKeyUsage?.includes(CLIENT_AUTH) === false,
  },
];

/** Holds the DER of a leaf certificate against the form of an X.509-SVID. Never throws on what a peer sent. */
export function svidOf(der: Uint8Array): SvidReading {
  const facts = tryRead(der);
  if (facts instanceof DerError) return refused('MALFORMED', facts.message);
  const [uri, ...others] = facts.uriSans;
  if (uri === undefined) return refused('NO_URI', 'the certificate has no URI name', facts);
  if (others.length > 0)
    return refused('SEVERAL_URIS', 'the certificate has more than one URI name', facts);
  const id = tryId(uri);
  if (id instanceof SpiffeIdError) return refused('INVALID_ID', id.message, facts);
  const broken = USAGES.find((check) => check.broken(facts));
  if (broken !== undefined) return refused(broken.code, broken.detail, facts, id);
  // The ID of a trust domain as a whole is for its CAs (X509-SVID 2).
  if (id.path === '') return refused('NO_PATH', 'the SPIFFE ID has no path', facts, id);
  return { ok: true, svid: { spiffeId: id, facts } };
}

function refused(
  code: SvidFaultCode,
  detail: string,
  facts?: CertificateFacts,
  claimed?: SpiffeId,
): SvidReading {
  return { ok: false, fault: { code, detail, claimed, serial: facts?.serial } };
}

function tryRead(der: Uint8Array): CertificateFacts | DerError {
  try {
    return readCertificate(der);
  } catch (error) {
    if (error instanceof DerError) return error;
    throw error;
  }
}

function tryId(text: string): SpiffeId | SpiffeIdError {
  try {
    return SpiffeId.parse(text);
  } catch (error) {
    if (error instanceof SpiffeIdError) return error;
    throw error;
  }
}
