import { Refusal, type IssuerEntry, type PresentedToken } from '../call/index.ts';
import { strictBase64url } from './compact.ts';
import { isObject, member, type JsonObject } from './json.ts';

/** To what a token is bound (`cnf`, RFC 7800). Where nothing is set, it is bound in a way that is not known here. */
export interface Binding {
  /** SHA-256 of the certificate, lower-case hex (RFC 8705). */
  readonly certificate: string | undefined;
  /** SHA-256 thumbprint of a key that must sign a proof, 32 bytes (RFC 9449). */
  readonly proofKey: Buffer | undefined;
}

/** Undefined for a token that says nothing of it. @throws Refusal TOKEN_MALFORMED */
export function readBinding(payload: JsonObject): Binding | undefined {
  const cnf = member(payload, 'cnf');
  if (cnf === undefined) return undefined;
  if (!isObject(cnf)) throw new Refusal('TOKEN_MALFORMED', 'its cnf is no object');
  return { certificate: hashOf(cnf, 'x5t#S256')?.toString('hex'), proofKey: hashOf(cnf, 'jkt') };
}

/**
 * Whether the token may be used on this connection. All that it is bound to must fit, whether or not the policy asks for
 * a binding: to pass over `cnf` would make a stolen token good.
 *
 * @returns the thumbprint of the key that must have signed the DPoP proof, if it is bound to one
 * @throws Refusal TOKEN_UNBOUND, TOKEN_BOUND_ELSEWHERE or TOKEN_PROOF_INVALID
 */
export function judgeBinding(
  binding: Binding | undefined,
  presented: PresentedToken,
  issuer: IssuerEntry,
): Buffer | undefined {
  if (binding === undefined) {
    if (issuer.binding === 'required') throw new Refusal('TOKEN_UNBOUND', 'it has no cnf');
  } else {
    if (binding.certificate === undefined && binding.proofKey === undefined)
      throw new Refusal('TOKEN_UNBOUND', 'its cnf has neither x5t#S256 nor jkt');
    // Compared as it is: anybody may know what a certificate hashes to.
    if (binding.certificate !== undefined && binding.certificate !== presented.certificateSha256)
      throw new Refusal('TOKEN_BOUND_ELSEWHERE', 'it is bound to another certificate');
  }
  judgeScheme(binding?.proofKey !== undefined, presented.scheme);
  return binding?.proofKey;
}

/** A token that wants a proof is worth nothing without; a proof of a token that wants none proves nothing (RFC 9449, 7.1). */
function judgeScheme(wantsProof: boolean, scheme: PresentedToken['scheme']): void {
  if (wantsProof === (scheme === 'dpop')) return;
  throw new Refusal(
    'TOKEN_PROOF_INVALID',
    wantsProof ? 'it is bound to a key and came as Bearer' : 'it came as DPoP and has no cnf.jkt',
  );
}

function hashOf(cnf: JsonObject, name: string): Buffer | undefined {
  const text = member(cnf, name);
  if (text === undefined) return undefined;
  const hash = typeof text === 'string' ? strictBase64url(text) : undefined;
  if (hash?.length !== 32)
    throw new Refusal('TOKEN_MALFORMED', `its cnf.${name} is no SHA-256 in base64url`);
  return hash;
}
