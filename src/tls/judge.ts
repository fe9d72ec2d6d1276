import type { FailureCode } from '../call/index.ts';
import type { ReadCertificate } from './certificate-file.ts';
import { chainTo } from './chain.ts';
import { revocationOf } from './revocation.ts';
import type { Trust } from './trust.ts';

/** The certificates that a peer showed: its leaf, and whatever CAs it sent along. */
export interface Presented {
  readonly trustDomain: string;
  readonly leaf: ReadCertificate;
  readonly sent: readonly ReadCertificate[];
}

/** What a trust says of a peer. `code` is the first reason against it. */
export interface Judgement {
  readonly code: FailureCode | undefined;
  readonly detail: string;
  /** While no reason is against it: until when (exclusive, in milliseconds) its chain, and its revocation, hold. */
  readonly chainUntil: number;
  readonly revocationUntil: number;
}

/**
 * Holds a peer against the roots of its own trust domain alone, then against the dates, then against revocation. In this
 * order, so that somebody whom nobody vouches for learns nothing else.
 */
export function judge(presented: Presented, trust: Trust, now: number): Judgement {
  const domain = trust.domains.get(presented.trustDomain);
  if (domain === undefined)
    return against('FOREIGN_TRUST_DOMAIN', 'its trust domain has no roots here');
  const chain = chainTo(domain.roots, presented.leaf, presented.sent);
  if (!chain.ok) return against('UNTRUSTED_CERTIFICATE', chain.detail);
  if (now >= chain.until)
    return against('CERTIFICATE_EXPIRED', 'it, or a CA of its chain, has expired');
  if (now < chain.from)
    return against('CERTIFICATE_EXPIRED', 'it, or a CA of its chain, is not valid yet');
  if (domain.lists === undefined) return inFavour(chain.until, Infinity);
  const revocation = revocationOf(chain.path, domain.lists, now);
  if (revocation.code !== undefined) return against(revocation.code, revocation.detail);
  return inFavour(chain.until, revocation.until);
}

function against(code: FailureCode, detail: string): Judgement {
  return { code, detail, chainUntil: 0, revocationUntil: 0 };
}

function inFavour(chainUntil: number, revocationUntil: number): Judgement {
  return { code: undefined, detail: '', chainUntil, revocationUntil };
}
