import { Refusal } from '../call/index.ts';
import { member, type JsonObject } from './json.ts';

/** Names of parties: as long as the longest SPIFFE ID. */
export const MAX_NAME = 2048;
export const MAX_TOKEN_ID = 256;

/** Not one text to whoever prints it, compares it or writes it into a header field. */
const CONTROLS = /\p{Cc}/u;

/** Whether this can be a name: text, not empty, not too long, of whole characters, without control characters. */
export function isName(value: unknown, max = MAX_NAME): value is string {
  return (
    typeof value === 'string' &&
    value !== '' &&
    value.length <= max &&
    value.isWellFormed() &&
    !CONTROLS.test(value)
  );
}

/** A claim that must be there. @throws Refusal TOKEN_MALFORMED */
export function nameClaim(payload: JsonObject, claim: string, max = MAX_NAME): string {
  const value = member(payload, claim);
  if (isName(value, max)) return value;
  const what = value === undefined ? 'missing' : 'no proper name';
  throw new Refusal('TOKEN_MALFORMED', `its claim ${claim} is ${what}`);
}
