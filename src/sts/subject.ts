import type { Principal } from '../call/index.ts';

/** What a subject token says, once its issuer, signature, type and times were verified. Nothing of it was judged. */
export interface SubjectToken {
  /** As the policy calls the issuer; undefined for this service itself. */
  readonly issuerName: string | undefined;
  /** Whether the issuer narrows at each exchange, so that actors in the chain whom we do not know may stand. */
  readonly narrows: boolean;
  readonly subject: Principal;
  /** The outermost actor; where there is none, the client. */
  readonly presenter: Principal;
  /** From the outermost actor inwards. */
  readonly actors: readonly Principal[];
  readonly audiences: readonly string[];
  readonly scopes: ReadonlySet<string>;
  /** `may_act`; null where it names nobody that can be read. */
  readonly mayAct: Principal | null | undefined;
  /** Milliseconds since the epoch, exclusive. */
  readonly expiresAt: number;
  readonly tokenId: string;
}

/** Why a subject token is not believed. */
export interface SubjectFault {
  /** For the operator; holds nothing of the token. */
  readonly detail: string;
  /** The issuer's keys could not be had: nothing is wrong with the token. */
  readonly unavailable: boolean;
}

/** Reads a subject token of this service or of a listed issuer. Never rejects. */
export type ReadSubject = (token: string) => Promise<SubjectToken | SubjectFault>;
