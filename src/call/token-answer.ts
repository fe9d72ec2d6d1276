import type { Principal } from './authority.ts';
import type { VerifiedPeer } from './peer.ts';

/** How a token was asked for; `task-end` gives a task grant back, `none` where the request did not get as far as saying so. */
export type TokenGrantKind =
  'client_credentials' | 'token-exchange' | 'task-grant' | 'task-end' | 'none';

/** What the token service was asked, and what became of it. Nothing in it is a token. */
export interface TokenAnswer {
  readonly id: string;
  readonly time: number;
  readonly peer: VerifiedPeer;
  readonly grant: TokenGrantKind;
  readonly decision: 'allow' | 'deny';
  /** OK, or the error code of OAuth that the client was told. */
  readonly code: string;
  /** For the operator. */
  readonly detail: string | undefined;
  /** The name in the policy of whoever holds the certificate. */
  readonly client: string | undefined;
  /** `sub` of the token. */
  readonly subject: string | undefined;
  /** `iss` and `jti` of the token that was exchanged. */
  readonly subjectToken: { readonly issuer: string; readonly tokenId: string } | undefined;
  readonly audience: string | undefined;
  /** Scopes, as they were asked for. */
  readonly asked: string | undefined;
  readonly given: readonly string[];
  /** From the client inwards; empty where nobody is acted for. */
  readonly actors: readonly Principal[];
  readonly token: { readonly id: string; readonly expiresAt: number } | undefined;
  /** The task grant that was used, registered or given back. */
  readonly taskGrant: string | undefined;
}
