import { Refusal, type FailureCode } from '../call/index.ts';
import { readObject, type JsonObject } from './json.ts';

/** The longest token or proof that is looked at, in characters. */
const MAX_TOKEN = 8192;

/** A signed JWT taken apart. Nothing in it is verified. */
export interface CompactJwt {
  readonly header: JsonObject;
  readonly payload: JsonObject;
  readonly signature: Buffer;
}

/**
 * Takes a JWS in compact form apart, with only one way to write it: size first, three parts, base64url without padding,
 * blanks or bits left over. A reader that is laxer would let one token pass as many different ones.
 *
 * @param code what a text that is none of this is refused with
 * @throws Refusal
 */
export function readCompact(text: string, code: FailureCode): CompactJwt {
  if (text.length > MAX_TOKEN) throw new Refusal(code, `it has more than ${MAX_TOKEN} characters`);
  const [header, payload, signature, ...more] = text.split('.', 6);
  if (header === undefined || payload === undefined || signature === undefined || more.length > 0)
    throw new Refusal(code, `it has ${partsOf(text)} parts and not 3: only signed JWTs are taken`);
  return {
    header: objectOf(header, 'header', code),
    payload: objectOf(payload, 'payload', code),
    signature: bytesOf(signature, 'signature', code),
  };
}

function partsOf(text: string): string {
  const parts = text.split('.', 6).length;
  return parts > 5 ? 'more than 5' : String(parts);
}

function objectOf(part: string, name: string, code: FailureCode): JsonObject {
  const object = readObject(bytesOf(part, name, code));
  if (typeof object === 'string') throw new Refusal(code, `its ${name} ${object}`);
  return object;
}

function bytesOf(part: string, name: string, code: FailureCode): Buffer {
  const bytes = strictBase64url(part);
  if (bytes === undefined) throw new Refusal(code, `its ${name} is not strict base64url`);
  return bytes;
}

/** Undefined unless the text is what an encoder would have made of the bytes. */
export function strictBase64url(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : undefined;
}
