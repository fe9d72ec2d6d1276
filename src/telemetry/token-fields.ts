import type { ActingFor, Principal } from '../call/index.ts';
import { clip } from './printable.ts';

/** Somebody whom a token names. */
export interface PrincipalRecord {
  readonly issuer: string;
  readonly sub: string;
}

/** What a call's token proved; all of it undefined if none was used. Never the token. */
export interface TokenFields {
  /** The issuer's name in the policy. */
  readonly issuer: string | undefined;
  /** `jti`. */
  readonly tokenId: string | undefined;
  readonly tokenScopes: readonly string[] | undefined;
  /** For whom the call was made. */
  readonly subject: PrincipalRecord | undefined;
  /** True where that is somebody else than the caller. */
  readonly onBehalf: true | undefined;
  /** Who acts, from the caller inwards; undefined where the token names nobody. */
  readonly chain: readonly PrincipalRecord[] | undefined;
}

const MAX_NAME = 128;
const MAX_SUBJECT = 256;
const MAX_LISTED = 32;
const NO_TOKEN: Partial<ActingFor> = {};

/** What the issuer chose is clipped, like what a caller chooses. */
export function tokenFields(authority: ActingFor | undefined): TokenFields {
  const { issuer, tokenId, scopes, subject, onBehalf, actors = [] } = authority ?? NO_TOKEN;
  const chain = actors.slice(0, MAX_LISTED).map(principalRecord);
  return {
    issuer: issuer?.name,
    tokenId: tokenId === undefined ? undefined : clip(tokenId, MAX_NAME),
    tokenScopes: scopes && [...scopes].slice(0, MAX_LISTED).map((scope) => clip(scope, MAX_NAME)),
    subject: subject && principalRecord(subject),
    onBehalf: onBehalf === true ? true : undefined,
    chain: chain.length > 0 ? chain : undefined,
  };
}

function principalRecord({ issuer, subject }: Principal): PrincipalRecord {
  return { issuer: clip(issuer, MAX_SUBJECT), sub: clip(subject, MAX_SUBJECT) };
}
