import {
  Refusal,
  type IssuerEntry,
  type PresentedToken,
  type VerifiedToken,
} from '../call/index.ts';
import type { Clock } from '../lib/index.ts';
import { judgeBinding } from './binding.ts';
import type { TokenClaims } from './claims.ts';
import { judgeProof, type ProofContext } from './dpop.ts';
import { shown } from './shown.ts';
import { judgeTimes } from './times.ts';

/** What a token is held against, beside the call. */
export interface Judge {
  readonly now: Clock;
  readonly ownSpiffeId: () => string;
  readonly proofs: ProofContext;
}

/**
 * Whether a genuine token may be used for this call: asked anew on every call, for each has its own time and certificate.
 * Waits only where a DPoP proof must be checked.
 *
 * @returns undefined if it may, or that it may once the proof was found good; rejects with a Refusal if it was not
 * @throws Refusal
 */
export function judgeToken(
  claims: TokenClaims,
  issuer: IssuerEntry,
  presented: PresentedToken,
  { now, ownSpiffeId, proofs }: Judge,
): Promise<void> | undefined {
  judgeTimes(claims.times, now());
  judgeAudience(claims, issuer, ownSpiffeId);
  const proofKey = judgeBinding(claims.binding, presented, issuer);
  return proofKey && judgeProof(presented, proofKey, proofs);
}

function judgeAudience(
  { audiences }: TokenClaims,
  issuer: IssuerEntry,
  ownSpiffeId: () => string,
): void {
  const isOurs =
    issuer.audiences.length === 0
      ? audiences.includes(ownSpiffeId())
      : issuer.audiences.some((ours) => audiences.includes(ours));
  if (!isOurs)
    throw new Refusal('TOKEN_WRONG_AUDIENCE', `it is for ${shown(audiences[0])}, and not for us`);
}

/** What is told of a token once it was judged: the same for every call. */
export function verifiedToken(claims: TokenClaims, issuer: IssuerEntry): VerifiedToken {
  const { subject, presenter, actors, scopes, times, tokenId } = claims;
  return { issuer, subject, presenter, actors, scopes, expiresAt: times.expiresAt, tokenId };
}
