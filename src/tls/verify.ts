import type { TLSSocket } from 'node:tls';
import type { FailureCode, VerifiedPeer } from '../call/index.ts';
import { DerError, svidOf } from '../spiffe/index.ts';
import { addressOf } from './address.ts';
import { bothReadings, type ReadCertificate } from './certificate-file.ts';
import { judge } from './judge.ts';
import { certifiedPeer } from './peer.ts';
import { shownBy, type Shown } from './shown-certificate.ts';
import type { Trust } from './trust.ts';

/** Why a connection is refused. Nothing that it claims was verified. */
export interface RefusedPeer {
  readonly code: FailureCode;
  /** For the operator; holds nothing that the peer chose. */
  readonly detail: string;
  readonly claimedId: string | undefined;
  readonly serial: string | undefined;
  readonly address: string;
}

export type Verdict =
  | { readonly ok: true; readonly peer: VerifiedPeer }
  | { readonly ok: false; readonly refused: RefusedPeer };

/** OpenSSL's words for dates; everything else that it has against a certificate means that it is not trusted. */
const DATES: ReadonlySet<string> = new Set(['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID']);

/**
 * The one place that makes a VerifiedPeer: OpenSSL vouches for the chain and the possession of the key, and our own checks
 * hold the certificate against its own trust domain.
 * Throws only what is a defect of ours or of OpenSSL; the caller refuses then.
 */
export function verifyPeer(
  socket: TLSSocket,
  trust: Trust,
  now: number,
  shown: Shown | undefined = shownBy(socket),
): Verdict {
  const address = addressOf(socket);
  if (shown === undefined)
    return refused({ code: 'NO_CERTIFICATE', detail: 'it showed none', address });
  const reading = svidOf(shown.leaf.raw);
  if (!reading.ok) {
    const { detail, claimed, serial } = reading.fault;
    return refused({
      code: 'CERTIFICATE_NOT_SVID',
      detail,
      address,
      claimedId: claimed?.toString(),
      serial,
    });
  }
  const { spiffeId, facts } = reading.svid;
  const claims = { address, claimedId: spiffeId.toString(), serial: facts.serial };
  const leaf = { x509: shown.leaf, facts };
  const presented = { trustDomain: spiffeId.trustDomain.name, leaf, sent: readable(shown.issuers) };
  const judgement = judge(presented, trust, now);
  const { code, detail } = judgement;
  if (code !== undefined) return refused({ code, detail, ...claims });
  const doubt = doubtOf(socket);
  if (doubt !== undefined) return refused({ ...doubt, ...claims });
  const peerFacts = {
    ...{ spiffeId, address, trustGeneration: trust.generation },
    ...{ serial: facts.serial, notBefore: facts.notBefore, notAfter: facts.notAfter },
    sha256: shown.leaf.fingerprint256.replaceAll(':', '').toLowerCase(),
  };
  return { ok: true, peer: certifiedPeer(peerFacts, presented, trust, judgement) };
}

/** What OpenSSL has against the socket. */
function doubtOf(socket: TLSSocket): { code: FailureCode; detail: string } | undefined {
  // A resumed session proves what was true once; our contexts never resume (STANDARDS 7.3).
  if (socket.isSessionReused())
    return { code: 'UNTRUSTED_CERTIFICATE', detail: 'the session was resumed' };
  if (socket.authorized) return undefined;
  const reason = String(socket.authorizationError);
  const code = DATES.has(reason) ? 'CERTIFICATE_EXPIRED' : 'UNTRUSTED_CERTIFICATE';
  return { code, detail: `OpenSSL: ${reason}` };
}

/** Those that cannot be read cannot vouch for anybody. */
function readable(issuers: readonly Buffer[]): readonly ReadCertificate[] {
  return issuers.map(tryRead).filter((issuer) => issuer !== undefined);
}

function tryRead(der: Buffer): ReadCertificate | undefined {
  try {
    return bothReadings(der);
  } catch (error) {
    if (error instanceof DerError) return undefined;
    throw error;
  }
}

function refused(
  peer: Pick<RefusedPeer, 'code' | 'detail' | 'address'> & Partial<RefusedPeer>,
): Verdict {
  return { ok: false, refused: { claimedId: undefined, serial: undefined, ...peer } };
}
