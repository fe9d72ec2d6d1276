import {
  verifiedPeer,
  type FailureCode,
  type PeerFacts,
  type VerifiedPeer,
} from '../call/index.ts';
import type { SpiffeId } from '../spiffe/index.ts';
import { judge, type Judgement, type Presented } from './judge.ts';
import type { Trust } from './trust.ts';

/** The facts of a verified peer, and what is needed to verify it again. */
class CertifiedPeer implements PeerFacts {
  readonly spiffeId: SpiffeId;
  readonly serial: string;
  readonly sha256: string;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly trustGeneration: number;
  readonly address: string;
  readonly #presented: Presented;
  #trust: Trust;
  #judgement: Judgement;

  constructor(facts: PeerFacts, presented: Presented, trust: Trust, judgement: Judgement) {
    this.spiffeId = facts.spiffeId;
    this.serial = facts.serial;
    this.sha256 = facts.sha256;
    this.notBefore = facts.notBefore;
    this.notAfter = facts.notAfter;
    this.trustGeneration = facts.trustGeneration;
    this.address = facts.address;
    this.#presented = presented;
    this.#trust = trust;
    this.#judgement = judgement;
  }

  static is(peer: object): peer is CertifiedPeer {
    return #presented in peer;
  }

  /** Works only when the trust has changed since the last question. */
  judgementOf(trust: Trust, now: number): Judgement {
    if (this.#trust === trust) return this.#judgement;
    this.#judgement = judge(this.#presented, trust, now);
    this.#trust = trust;
    return this.#judgement;
  }
}

/** To be called by `verify.ts` alone. */
export function certifiedPeer(
  facts: PeerFacts,
  presented: Presented,
  trust: Trust,
  judgement: Judgement,
): VerifiedPeer {
  return verifiedPeer(new CertifiedPeer(facts, presented, trust, judgement));
}

/** What the failures of a first judgement mean for a connection that was trusted once. */
const LATER: Partial<Record<FailureCode, FailureCode>> = {
  FOREIGN_TRUST_DOMAIN: 'TRUST_CHANGED',
  UNTRUSTED_CERTIFICATE: 'TRUST_CHANGED',
};

/**
 * Why a peer that was verified once may not go on; undefined if it may. For every request: it allocates nothing unless the
 * trust has changed. Fails closed for a peer that this room did not make.
 */
export function stillTrusted(
  peer: VerifiedPeer,
  trust: Trust,
  now: number,
): FailureCode | undefined {
  if (!CertifiedPeer.is(peer)) return 'UNTRUSTED_CERTIFICATE';
  if (now >= peer.notAfter) return 'CERTIFICATE_EXPIRED';
  const { code, chainUntil, revocationUntil } = peer.judgementOf(trust, now);
  if (code !== undefined) return LATER[code] ?? code;
  if (now >= chainUntil) return 'CERTIFICATE_EXPIRED';
  if (now >= revocationUntil) return 'REVOCATION_UNKNOWN';
  return undefined;
}
