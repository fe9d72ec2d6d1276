import { oid, sequence, setOfOne, utf8, type Element } from './encode.ts';

const ATTRIBUTES = { C: '2.5.4.6', O: '2.5.4.10', OU: '2.5.4.11', CN: '2.5.4.3' } as const;

/** RFC 5280 appendix A.1 allows no more in a CN or an O. */
export const MAX_ATTRIBUTE_LENGTH = 64;

/** A distinguished name, most general part first; empty for "no Subject". */
export type DistinguishedName = readonly NamePart[];

export interface NamePart {
  readonly type: keyof typeof ATTRIBUTES;
  readonly value: string;
}

export function encodeName(name: DistinguishedName): Element {
  return sequence(
    ...name.map(({ type, value }) => setOfOne(sequence(oid(ATTRIBUTES[type]), utf8(value)))),
  );
}

/**
 * Reads `X509Certificate.subject` back: one `TYPE=value` a line, undefined if empty. Good for names that we wrote only: Node escapes others.
 *
 * @throws TypeError if it is not such a name
 */
export function parseName(text: string | undefined): DistinguishedName {
  if (text === undefined || text === '') return [];
  return text.split('\n').map((line) => {
    const equals = line.indexOf('=');
    const type = line.slice(0, equals);
    if (!isAttribute(type)) throw new TypeError(`a name with ${type} is none of ours`);
    return { type, value: line.slice(equals + 1) };
  });
}

function isAttribute(type: string): type is NamePart['type'] {
  return Object.hasOwn(ATTRIBUTES, type);
}
