import forge from 'node-forge';

const { asn1 } = forge;
const { Class, Type } = asn1;

/** One DER element, not yet written out. */
export type Element = forge.asn1.Asn1;

/** forge carries bytes as a string of characters 0 to 255. */
function bytesOf(content: Uint8Array): string {
  return Buffer.from(content).toString('latin1');
}

function primitive(type: forge.asn1.Type, content: Uint8Array): Element {
  return asn1.create(Class.UNIVERSAL, type, false, bytesOf(content));
}

/** A SEQUENCE; parts that are undefined (OPTIONAL and absent) are left out. */
export function sequence(...parts: readonly (Element | undefined)[]): Element {
  return asn1.create(Class.UNIVERSAL, Type.SEQUENCE, true, parts.filter(isPresent));
}

/** A SET of one element, which is all that names need; more would have to be sorted. */
export function setOfOne(part: Element): Element {
  return asn1.create(Class.UNIVERSAL, Type.SET, true, [part]);
}

export function oid(dotted: string): Element {
  return asn1.create(Class.UNIVERSAL, Type.OID, false, asn1.oidToDer(dotted).getBytes());
}

export function boolean(value: boolean): Element {
  return primitive(Type.BOOLEAN, Uint8Array.of(value ? 0xff : 0));
}

/** A non-negative INTEGER from its big-endian bytes, in the shortest form, as DER wants it. */
export function integer(magnitude: Uint8Array): Element {
  const first = magnitude.findIndex((byte) => byte !== 0);
  const bytes = first === -1 ? Uint8Array.of(0) : magnitude.subarray(first);
  // Without the zero in front, a first bit that is set would make the number negative.
  const signed = (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Uint8Array.of(0), bytes]) : bytes;
  return primitive(Type.INTEGER, signed);
}

/** A non-negative whole number as an INTEGER. */
export function smallInteger(value: number): Element {
  const hex = value.toString(16);
  return integer(Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex'));
}

export function enumerated(value: number): Element {
  return primitive(Type.ENUMERATED, Uint8Array.of(value));
}

export function octetString(content: Uint8Array): Element {
  return primitive(Type.OCTETSTRING, content);
}

export function bitString(content: Uint8Array, unusedBits = 0): Element {
  return primitive(Type.BITSTRING, Buffer.concat([Uint8Array.of(unusedBits), content]));
}

/** A BIT STRING of named bits: only as long as its last set bit (X.690 11.2.2). */
export function namedBits(bits: readonly number[]): Element {
  const last = Math.max(-1, ...bits);
  const bytes = Buffer.alloc(Math.ceil((last + 1) / 8));
  for (const bit of bits) bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) | (0x80 >> (bit & 7));
  return bitString(bytes, bytes.length * 8 - (last + 1));
}

export function utf8(text: string): Element {
  return primitive(Type.UTF8, Buffer.from(text, 'utf8'));
}

/** UTCTime until 2049, GeneralizedTime from 2050, whole seconds (RFC 5280 4.1.2.5). */
export function time(milliseconds: number): Element {
  const date = new Date(milliseconds);
  return date.getUTCFullYear() < 2050
    ? primitive(Type.UTCTIME, Buffer.from(asn1.dateToUtcTime(date)))
    : primitive(Type.GENERALIZEDTIME, Buffer.from(asn1.dateToGeneralizedTime(date)));
}

/** `[tag]` around whole elements: an EXPLICIT tag, or an IMPLICIT one of a SEQUENCE. */
export function tagged(tag: number, ...parts: readonly (Element | undefined)[]): Element {
  return contextSpecific(tag, true, parts.filter(isPresent));
}

/** `[tag] IMPLICIT` of a type that is bare bytes. */
export function taggedBytes(tag: number, content: Uint8Array): Element {
  return contextSpecific(tag, false, bytesOf(content));
}

function contextSpecific(tag: number, constructed: boolean, value: string | Element[]): Element {
  // eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment -- a tag is no Type, whatever forge's types say
  return asn1.create(Class.CONTEXT_SPECIFIC, tag, constructed, value);
}

/** An element that is DER already. Only for what `node:crypto` has just written itself, never for what was received. */
export function embedded(der: Uint8Array): Element {
  return asn1.fromDer(bytesOf(der));
}

export function derOf(element: Element): Buffer {
  return Buffer.from(asn1.toDer(element).getBytes(), 'latin1');
}

export function pemOf(label: 'CERTIFICATE' | 'X509 CRL', der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

function isPresent(part: Element | undefined): part is Element {
  return part !== undefined;
}
