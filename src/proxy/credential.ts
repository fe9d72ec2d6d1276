import { Refusal, type CanonicalRequest, type PresentedToken } from '../call/index.ts';
import { Secret } from '../lib/index.ts';
import type { ReadToken, SeenTokens } from './seen-tokens.ts';

/** A token as the caller sent it. */
export type Credential = Pick<PresentedToken, 'scheme' | 'token' | 'proof'>;

/** The schemes of tokens; what has another one is no token, and is nobody's here. */
const SCHEME = /^(?:bearer|dpop)(?![A-Za-z0-9!#$%&'*+\-.^_`|~])/i;
/** RFC 9110, 11.2: the scheme in any case, then one token68 and nothing else. */
const CREDENTIAL = /^(bearer|dpop) +([A-Za-z0-9\-._~+/]+=*)$/i;

/**
 * The access token of a request, from the one place where it may stand; undefined if there is none. A form in the body
 * is not looked at: no token there is ever used.
 *
 * @throws Refusal MALFORMED_REQUEST if it stands elsewhere, or is no single token
 */
export function readCredential(
  { authorization, proof, query }: CanonicalRequest,
  seen: SeenTokens,
): Credential | undefined {
  // In a URL it would be in logs and histories (RFC 6750, 2.3).
  if (namesToken(query))
    throw new Refusal('MALFORMED_REQUEST', 'an access token stands in the query');
  if (authorization === undefined) return undefined;
  let read = seen.find(authorization);
  if (read === undefined) {
    read = readField(authorization);
    if (read === undefined) return undefined;
    seen.add(read);
  }
  return { scheme: read.scheme, token: read.token, proof };
}

/** Undefined for what has another scheme. */
function readField(field: string): ReadToken | undefined {
  if (!SCHEME.test(field)) return undefined;
  const [, scheme, token] = CREDENTIAL.exec(field) ?? [];
  if (scheme === undefined || token === undefined)
    throw new Refusal('MALFORMED_REQUEST', 'the Authorization field holds no single token');
  return {
    field,
    scheme: scheme.toLowerCase() === 'dpop' ? 'dpop' : 'bearer',
    token: new Secret(token),
  };
}

function namesToken(query: string): boolean {
  if (query === '') return false;
  return query
    .slice(1)
    .split('&')
    .some((pair) => decoded(pair.split('=', 1)[0] ?? '') === 'access_token');
}

/** What cannot be decoded stays as it is: no reader could take it for the name. */
function decoded(name: string): string {
  if (!name.includes('%')) return name;
  return name.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
