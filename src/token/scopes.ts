import { Refusal } from '../call/index.ts';
import { member, type JsonObject } from './json.ts';

const MAX_SCOPES = 256;
/** RFC 6749, 3.3. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]{1,256}$/;
const NONE: ReadonlySet<string> = new Set();

/**
 * The scopes of a token: one text with single blanks between them, or a list. A scope with `*` is left out: only the
 * policy grants by pattern, and what the issuer means by one is not known.
 *
 * @throws Refusal TOKEN_MALFORMED
 */
export function readScopes(payload: JsonObject, claim: string): ReadonlySet<string> {
  const value = member(payload, claim);
  if (value === undefined || value === '') return NONE;
  const scopes: readonly unknown[] = Array.isArray(value)
    ? value
    : typeof value === 'string'
      ? value.split(' ', MAX_SCOPES + 1)
      : [value];
  if (scopes.length > MAX_SCOPES || !scopes.every(isScope))
    throw new Refusal('TOKEN_MALFORMED', `its claim ${claim} is no list of scopes`);
  return new Set(scopes.filter((scope) => !scope.includes('*')));
}

function isScope(value: unknown): value is string {
  return typeof value === 'string' && SCOPE.test(value);
}
