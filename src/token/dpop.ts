import { hash, timingSafeEqual, type KeyObject } from 'node:crypto';
import { calculateJwkThumbprint, type JWK } from 'jose';
import { Refusal, type PresentedToken } from '../call/index.ts';
import type { Clock } from '../lib/index.ts';
import { PROOF_ALGORITHMS } from './algorithms.ts';
import { readCompact, strictBase64url } from './compact.ts';
import { readProofHeader } from './header.ts';
import { member, type JsonObject } from './json.ts';
import { readPublicKey } from './public-key.ts';
import type { UsedProofs } from './replay.ts';
import { shown } from './shown.ts';
import { verifySignature } from './signature.ts';
import { isName, MAX_TOKEN_ID } from './text-claim.ts';

/** What proofs are held against, beside the call. */
export interface ProofContext {
  readonly now: Clock;
  /** Where callers reach us, as configured; without it no proof can be checked. */
  readonly publicUrl: string | undefined;
  readonly used: UsedProofs;
}

/** Milliseconds that a proof may be old, or ahead of our clock. */
const WINDOW = 60_000;
const MAX_URL = 8192;
const TAKEN: ReadonlySet<string> = new Set(PROOF_ALGORITHMS);

/**
 * Checks the DPoP proof of a token (RFC 9449, 4.3): signed just now, for this very call and token, by the key with this
 * thumbprint, and never used before.
 *
 * @throws Refusal TOKEN_PROOF_INVALID; TOKEN_BOUND_ELSEWHERE if another key signed
 */
export async function judgeProof(
  presented: PresentedToken,
  thumbprint: Buffer,
  context: ProofContext,
): Promise<void> {
  if (presented.proof === undefined) throw invalid('no proof came');
  const { header, payload, signature } = readCompact(presented.proof, 'TOKEN_PROOF_INVALID');
  const alg = readProofHeader(header, TAKEN);
  const key = keyOf(header, alg);
  await verifySignature(presented.proof, signature, { key, alg }, 'TOKEN_PROOF_INVALID');
  const signer = await thumbprintOf(key);
  if (!timingSafeEqual(signer, thumbprint))
    throw new Refusal('TOKEN_BOUND_ELSEWHERE', 'it is bound to another key than the proof has');
  const id = judgeClaims(payload, presented, context);
  remember(signer.toString('base64url'), id, context);
}

function keyOf(header: JsonObject, alg: string): KeyObject {
  const read = readPublicKey(member(header, 'jwk'));
  if (typeof read === 'string') throw invalid(`the key of the proof ${read}`);
  if (!read.algorithms.has(alg)) throw invalid(`the key of the proof does not fit ${alg}`);
  return read.key;
}

/** Of the key itself and not of how the header wrote it (RFC 7638). */
async function thumbprintOf(key: KeyObject): Promise<Buffer> {
  const jwk = key.export({ format: 'jwk' }) as JWK;
  return Buffer.from(await calculateJwkThumbprint(jwk, 'sha256'), 'base64url');
}

/** What makes the proof one among those of its key. */
function judgeClaims(
  payload: JsonObject,
  { method, path, token }: PresentedToken,
  { now, publicUrl }: ProofContext,
): string {
  if (publicUrl === undefined) throw invalid("'inbound.publicUrl' is not set");
  const jti = member(payload, 'jti');
  if (!isName(jti, MAX_TOKEN_ID)) throw invalid('its jti is missing, or no proper name');
  const htm = member(payload, 'htm');
  if (htm !== method) throw invalid(`its htm is ${shown(htm)}, the call is ${shown(method)}`);
  const called = placeOf(`${publicUrl.replace(/\/$/, '')}${path}`);
  const htu = placeOf(member(payload, 'htu'));
  if (htu === undefined || htu !== called)
    throw invalid(`its htu is ${shown(htu)}, the call is ${shown(called)}`);
  const iat = member(payload, 'iat');
  if (typeof iat !== 'number' || !(Math.abs(now() - iat * 1000) <= WINDOW))
    throw invalid('its iat is missing, or more than 60 s away');
  if (!isHashOf(member(payload, 'ath'), token.reveal()))
    throw invalid('its ath is not the hash of the token');
  return `${jti}\n${htu}`;
}

/** A URL without query and fragment, written in one way (RFC 9449, 4.3; RFC 3986, 6.2.2). */
function placeOf(text: unknown): string | undefined {
  if (!isName(text, MAX_URL) || !URL.canParse(text)) return undefined;
  const { username, password, origin, pathname } = new URL(text);
  if (username !== '' || password !== '' || origin === 'null') return undefined;
  return origin + pathname.replace(/%[0-9a-f]{2}/gi, (octet) => octet.toUpperCase());
}

function isHashOf(ath: unknown, token: string): boolean {
  const claimed = typeof ath === 'string' ? strictBase64url(ath) : undefined;
  return claimed?.length === 32 && timingSafeEqual(claimed, hash('sha256', token, 'buffer'));
}

/** Last of all: only a proof that is good in every other way may take up room. */
function remember(key: string, id: string, { used, now }: ProofContext): void {
  const answer = used.use(key, hash('sha256', id, 'base64url'), now());
  if (answer === 'again') throw invalid('it was used before');
  if (answer === 'full') throw invalid('there is no room to remember that it was used');
}

function invalid(why: string): Refusal {
  return new Refusal('TOKEN_PROOF_INVALID', `the DPoP proof: ${why}`);
}
