/** An object as JSON gives it. */
export type JsonObject = Readonly<Record<string, unknown>>;

const MAX_DEPTH = 32;
const TEXT = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
/** In text that is JSON: a string, with the colon behind it if it is a name, or a bracket. */
const TOKENS = /("[^"\\]*(?:\\.[^"\\]*)*")(\s*:)?|[{}[\]]/gs;

/**
 * The JSON object that these bytes are, if everybody reads them alike: UTF-8, no member twice, at most 32 deep. Otherwise
 * what is wrong, in words that fit behind "it".
 */
export function readObject(bytes: Uint8Array): JsonObject | string {
  const text = textOf(bytes);
  if (text === undefined) return 'is not UTF-8';
  const value = valueOf(text);
  if (!isObject(value)) return 'is no JSON object';
  return faultOf(text) ?? value;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A member of the object itself: `constructor` is none unless somebody sent it. */
export function member(object: JsonObject, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return TEXT.decode(bytes);
  } catch {
    return undefined;
  }
}

function valueOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Of two members with one name some readers take the first, some the last: whoever signed may have meant the other. */
function faultOf(text: string): string | undefined {
  const open: Set<string>[] = [];
  for (const [token, name, colon] of text.matchAll(TOKENS)) {
    if (token === '{' || token === '[') {
      if (open.push(new Set()) > MAX_DEPTH) return 'is nested too deep';
    } else if (token === '}' || token === ']') {
      open.pop();
    } else if (name !== undefined && colon !== undefined) {
      const names = open.at(-1);
      // Escapes undone: "sub" and "\u0073ub" are one name.
      const plain = JSON.parse(name) as string;
      if (names?.has(plain) !== false) return 'has a member twice';
      names.add(plain);
    }
  }
  return undefined;
}
