import type { Secret, SourcePosition } from '../lib/index.ts';
import type { SpiffeId } from '../spiffe/index.ts';
import type { Refusal } from './refusal.ts';

/** Somebody as a token names them. A name means nothing without the issuer that gave it. */
export interface Principal {
  /** `iss`, byte for byte. */
  readonly issuer: string;
  /** `sub`, or of a presenter without `act` the claim that names the client. */
  readonly subject: string;
}

/** Where an issuer's public keys are. With `spiffeId`, the server must show that ID and is shown ours. */
export type IssuerKeys =
  | { readonly kind: 'url'; readonly url: string; readonly spiffeId: SpiffeId | undefined }
  /** Absolute. */
  | { readonly kind: 'file'; readonly path: string };

/** Whose tokens are believed, and how they are read; an entry of the policy. */
export interface IssuerEntry {
  /** As the policy calls it: the name in metrics, audit and `subjects`. */
  readonly name: string;
  /** What `iss` must be, byte for byte. */
  readonly issuer: string;
  readonly keys: IssuerKeys;
  /** One of these `aud` must hold. Empty: our own SPIFFE ID. */
  readonly audiences: readonly string[];
  /** Of JWS, asymmetric. */
  readonly algorithms: readonly string[];
  /** Whether every token must be bound to a key (RFC 8705, RFC 9449), or only one that says that it is. */
  readonly binding: 'required' | 'whenPresent';
  /** The claim that holds the scopes: a string with blanks, or a list of strings. */
  readonly scopeClaim: string;
  /** The claim that names the client that the token was issued to. */
  readonly clientClaim: string;
  readonly acceptUntypedTokens: boolean;
  /** Whether it narrows the scopes at each exchange; if not, every actor in the chain is asked as well. */
  readonly narrows: boolean;
  /** Trusted only where the configuration says `development: true`. */
  readonly development: boolean;
  readonly at: SourcePosition;
}

/** What the issuer says, once signature, type, issuer, audience, times and binding were checked on this connection. */
export interface VerifiedToken {
  readonly issuer: IssuerEntry;
  readonly subject: Principal;
  /** The outermost actor; where there is none, the client. */
  readonly presenter: Principal;
  /** From the outermost actor (the presenter) inwards; empty where the token has no `act`. */
  readonly actors: readonly Principal[];
  readonly scopes: ReadonlySet<string>;
  /** Milliseconds since the epoch, exclusive. */
  readonly expiresAt: number;
  /** `jti`. */
  readonly tokenId: string;
}

/** A token as it came, and what it is held against. */
export interface PresentedToken {
  readonly scheme: 'bearer' | 'dpop';
  readonly token: Secret;
  /** The `DPoP` field. */
  readonly proof: string | undefined;
  /** Of the caller's leaf, lower-case hex. */
  readonly certificateSha256: string;
  readonly method: string;
  /** Of the request as it came, without the query; for a DPoP proof. */
  readonly path: string;
  /** The list that the policy holds; the same object for as long as the policy is in force. */
  readonly issuers: readonly IssuerEntry[];
}

/** Verifies a token; the answer is at hand unless keys must be fetched. Never throws and never rejects. */
export type VerifyToken = (
  presented: PresentedToken,
) => VerifiedToken | Refusal | Promise<VerifiedToken | Refusal>;

declare const proven: unique symbol;

/** A verified token whose presenter is the very peer of the connection. Only the stage `prove` makes one. */
export interface Authority extends VerifiedToken {
  /** The subject is somebody else than the presenter. */
  readonly onBehalf: boolean;
  readonly [proven]: true;
}

/** To be called by the stage `prove` alone, after the presenter was found to be the peer. */
export function provenAuthority(token: VerifiedToken, onBehalf: boolean): Authority {
  return { ...token, onBehalf } as Authority;
}

/** For whom an agent acts, once a token has proved it: by this the calls that it makes because of that are judged. */
export interface ActingFor {
  readonly issuer: Pick<IssuerEntry, 'name' | 'issuer'>;
  readonly subject: Principal;
  /** From the caller inwards; empty where the token names nobody. */
  readonly actors: readonly Principal[];
  readonly scopes: ReadonlySet<string>;
  /** `jti` of the token. */
  readonly tokenId: string;
  /** The subject is somebody else than the caller. */
  readonly onBehalf: boolean;
  /** Milliseconds since the epoch, exclusive. */
  readonly expiresAt: number;
}

/** What a route asks of tokens and of whom a call is made for. */
export interface TokenRule {
  /** `ignored`: the policy names no issuers, or the route passes the field on to the agent. */
  readonly token: 'required' | 'optional' | 'forbidden' | 'ignored';
  readonly onBehalfOf: 'required' | 'allowed' | 'forbidden';
  /** All that can be reached without a token (`optional`), or on nobody's behalf (`allowed`). */
  readonly withoutToken: readonly string[];
  /** By the issuer's name: who may be acted for, as it is or as a prefix that ends in `*`. Undefined: anybody. */
  readonly subjects: ReadonlyMap<string, readonly string[]> | undefined;
  /** How many actors there may be in the chain. */
  readonly maxDepth: number;
  /** Names of the agents that may stand in the chain behind the presenter. Undefined: any agent. */
  readonly via: readonly string[] | undefined;
  /** What is done with a chain in which somebody stands twice. */
  readonly loops: 'refuse' | 'allow';
  /** Milliseconds: the longest life of a task that a call may start. 0: it may start none. */
  readonly tasks: number;
}

/** The rule of a route where tokens are not looked at. */
export const NO_TOKENS: TokenRule = Object.freeze({
  token: 'ignored',
  onBehalfOf: 'forbidden',
  withoutToken: [],
  subjects: undefined,
  maxDepth: 0,
  via: undefined,
  loops: 'refuse',
  tasks: 0,
});

/** What goes along to a peer: nothing, this agent's own token, or one for whom the inbound call was made. */
export type PeerAuthority = 'none' | 'own' | 'delegated';

/** Somebody whom this agent may call; an entry of the policy. */
export interface PeerEntry {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** What the other end must show. */
  readonly spiffeId: SpiffeId;
  readonly authority: PeerAuthority;
  /** The most that is asked for at the token service. */
  readonly scopes: readonly string[];
  /** The audience of the token; the peer's SPIFFE ID unless the policy says otherwise. */
  readonly audience: string;
  /** Whether `own` authority may be used while a call for somebody else is under way. */
  readonly evenOnBehalf: boolean;
  readonly at: SourcePosition;
}
