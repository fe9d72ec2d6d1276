import { Refusal, type IssuerEntry, type Principal } from '../call/index.ts';
import { readActors, readMayAct } from './actors.ts';
import { readBinding, type Binding } from './binding.ts';
import { member, type JsonObject } from './json.ts';
import { readScopes } from './scopes.ts';
import { isName, MAX_TOKEN_ID, nameClaim } from './text-claim.ts';
import { readTimes, type TokenTimes } from './times.ts';

const MAX_AUDIENCES = 64;

/** What a token says, well-formed, and not yet held against any call. */
export interface TokenClaims {
  readonly subject: Principal;
  readonly presenter: Principal;
  readonly actors: readonly Principal[];
  readonly audiences: readonly string[];
  readonly scopes: ReadonlySet<string>;
  readonly times: TokenTimes;
  readonly binding: Binding | undefined;
  /** Who alone may act with it (RFC 8693, 4.4); null if that is nobody who can be read. */
  readonly mayAct: Principal | null | undefined;
  /** `jti`; `uti` where the token does not say that it is one of RFC 9068, and has no other. */
  readonly tokenId: string;
}

/**
 * Reads the payload of a token whose signature was found good. What is there must be well-formed, whether or not it
 * matters for a call: an issuer that writes one claim badly is not guessed at.
 *
 * @param typed whether the header said that it is an access token
 * @throws Refusal TOKEN_MALFORMED
 */
export function readClaims(payload: JsonObject, issuer: IssuerEntry, typed: boolean): TokenClaims {
  const iss = nameClaim(payload, 'iss');
  const audiences = readAudiences(payload);
  if (!typed) refuseIdToken(payload, issuer, audiences);
  const actors = readActors(member(payload, 'act'), iss);
  return {
    subject: { issuer: iss, subject: nameClaim(payload, 'sub') },
    presenter: readPresenter(payload, issuer, actors[0]),
    actors,
    audiences,
    scopes: readScopes(payload, issuer.scopeClaim),
    times: readTimes(payload),
    binding: readBinding(payload),
    mayAct: readMayAct(member(payload, 'may_act'), iss),
    tokenId: nameClaim(payload, tokenIdClaim(payload, typed), MAX_TOKEN_ID),
  };
}

/** The outermost actor; without one, the client that the token was issued to. */
function readPresenter(
  payload: JsonObject,
  { issuer, clientClaim }: IssuerEntry,
  actor: Principal | undefined,
): Principal {
  if (actor !== undefined && !Object.hasOwn(payload, clientClaim)) return actor;
  const client = { issuer, subject: nameClaim(payload, clientClaim) };
  return actor ?? client;
}

/** Microsoft Entra ID writes `uti` in place of `jti`. Only the audit tells of it: nothing is decided by it. */
function tokenIdClaim(payload: JsonObject, typed: boolean): 'jti' | 'uti' {
  const [jti, uti] = [Object.hasOwn(payload, 'jti'), Object.hasOwn(payload, 'uti')];
  return !typed && !jti && uti ? 'uti' : 'jti';
}

function readAudiences(payload: JsonObject): readonly string[] {
  const aud = member(payload, 'aud');
  if (aud === undefined) throw new Refusal('TOKEN_MALFORMED', 'its claim aud is missing');
  const audiences: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  const isGood = audiences.length > 0 && audiences.length <= MAX_AUDIENCES;
  if (!isGood || !audiences.every((audience) => isName(audience)))
    throw new Refusal('TOKEN_MALFORMED', 'its claim aud is no list of names');
  return audiences;
}

/**
 * Without a type, only claims tell an ID token apart: it is made for its client, often with `nonce` or a hash, and has no
 * scopes (OpenID Connect Core, 2). Taken for an access token, it would let anybody in whom the user ever signed in to.
 */
function refuseIdToken(
  payload: JsonObject,
  { clientClaim, scopeClaim }: IssuerEntry,
  audiences: readonly string[],
): void {
  const mark = ['nonce', 'at_hash', 'c_hash'].find((name) => Object.hasOwn(payload, name));
  if (mark !== undefined) throw idToken(`it has ${mark}`);
  if (!Object.hasOwn(payload, scopeClaim)) throw idToken(`it has no ${scopeClaim}`);
  const clients = [clientClaim, 'client_id', 'azp'].map((name) => member(payload, name));
  if (audiences.some((audience) => clients.includes(audience)))
    throw idToken('its audience is its client');
}

function idToken(why: string): Refusal {
  return new Refusal('TOKEN_MALFORMED', `without typ at+jwt it could be an ID token: ${why}`);
}
