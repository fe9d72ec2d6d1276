import { Refusal, type FailureCode, type IssuerEntry } from '../call/index.ts';
import { member, type JsonObject } from './json.ts';
import { shown } from './shown.ts';

/** What the header says that matters. */
export interface TokenHeader {
  readonly alg: string;
  readonly kid: string | undefined;
  /** Whether it says that it is an access token; otherwise the claims must show it. */
  readonly typed: boolean;
}

const MAX_KID = 256;
/**
 * Members that change what is signed, or offer a key of the sender's own. A reader that passes over one of them verifies
 * something else than was meant (RFC 8725, 3.10; CVE-2025-59420).
 */
const REFUSED = ['crit', 'b64', 'zip', 'enc', 'jku', 'x5u', 'x5c'];

/** @throws Refusal TOKEN_MALFORMED; TOKEN_UNTRUSTED for an algorithm that the issuer's entry does not list */
export function readHeader(header: JsonObject, issuer: IssuerEntry): TokenHeader {
  refuseMembers(header, [...REFUSED, 'jwk'], 'TOKEN_MALFORMED');
  const typed = isTyped(header, issuer.acceptUntypedTokens);
  const alg = member(header, 'alg');
  if (typeof alg !== 'string' || !issuer.algorithms.includes(alg))
    throw new Refusal(
      'TOKEN_UNTRUSTED',
      `alg ${shown(alg)} is not among the algorithms of issuer ${issuer.name}`,
    );
  return { alg, kid: kidOf(header), typed };
}

/** The algorithm of a DPoP proof, whose `jwk` belongs in the header. @throws Refusal TOKEN_PROOF_INVALID */
export function readProofHeader(header: JsonObject, algorithms: ReadonlySet<string>): string {
  refuseMembers(header, REFUSED, 'TOKEN_PROOF_INVALID');
  const typ = mediaType(header);
  if (typ !== 'dpop+jwt')
    throw new Refusal('TOKEN_PROOF_INVALID', `its typ is ${shown(typ)} and not dpop+jwt`);
  const alg = member(header, 'alg');
  if (typeof alg !== 'string' || !algorithms.has(alg))
    throw new Refusal('TOKEN_PROOF_INVALID', `its alg ${shown(alg)} is not taken`);
  return alg;
}

function refuseMembers(header: JsonObject, names: readonly string[], code: FailureCode): void {
  const found = names.find((name) => Object.hasOwn(header, name));
  if (found !== undefined) throw new Refusal(code, `its header has ${found}`);
}

/** An ID token is signed by the same issuer for the same client: the type is what tells it apart (RFC 9068, 4). */
function isTyped(header: JsonObject, untypedToo: boolean): boolean {
  const typ = mediaType(header);
  if (typ === 'at+jwt') return true;
  if (untypedToo && (typ === undefined || typ === 'jwt')) return false;
  throw new Refusal('TOKEN_MALFORMED', `its typ is ${shown(typ)} and not at+jwt`);
}

/** `typ` without its optional `application/` (RFC 7515, 4.1.9), in lower case. */
function mediaType(header: JsonObject): unknown {
  const typ = member(header, 'typ');
  return typeof typ === 'string' ? typ.toLowerCase().replace(/^application\//, '') : typ;
}

function kidOf(header: JsonObject): string | undefined {
  const kid = member(header, 'kid');
  if (kid === undefined) return undefined;
  if (typeof kid !== 'string' || kid === '' || kid.length > MAX_KID)
    throw new Refusal('TOKEN_MALFORMED', 'its kid is no name of a key');
  return kid;
}
