import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SpiffeId, SpiffeIdError, TrustDomain } from '../../src/spiffe/index.ts';

const ALL_BYTES = Array.from({ length: 256 }, (_, byte) => byte);

function accepts(text: string): boolean {
  try {
    // What was accepted is never normalised.
    expect(SpiffeId.parse(text).toString()).toBe(text);
    return true;
  } catch (error) {
    if (error instanceof SpiffeIdError) return false;
    throw error;
  }
}

/** The bytes that are accepted between two texts, as one string. */
function acceptedBetween(before: string, after: string): string {
  return ALL_BYTES.map((byte) => String.fromCharCode(byte))
    .filter((character) => accepts(`${before}${character}${after}`))
    .join('');
}

const DIGITS = '0123456789';
const LOWER = 'abcdefghijklmnopqrstuvwxyz';
const UPPER = LOWER.toUpperCase();
const DOMAIN = `-.${DIGITS}_${LOWER}`;
const SEGMENT = `-.${DIGITS}${UPPER}_${LOWER}`;

describe('every byte at every kind of position', () => {
  it.each<[string, string, string, string]>([
    ['before the scheme', '', 'spiffe://acme.test/a', ''],
    ['in the place of a letter of the scheme', 'spif', 'e://acme.test/a', 'f'],
    ['in the place of the colon', 'spiffe', '//acme.test/a', ':'],
    ['in the place of the first slash', 'spiffe:', '/acme.test/a', '/'],
    ['in the place of the second slash', 'spiffe:/', 'acme.test/a', '/'],
    ['at the start of the trust domain', 'spiffe://', 'cme.test/a', DOMAIN],
    // A slash there begins the path early.
    ['inside the trust domain', 'spiffe://ac', 'me.test/a', sorted(`/${DOMAIN}`)],
    ['at the end of the trust domain', 'spiffe://acme.tes', '/a', DOMAIN],
    ['as the whole trust domain', 'spiffe://', '/a', DOMAIN],
    ['at the end of an ID without a path', 'spiffe://acme.tes', '', DOMAIN],
    ['at the start of a segment', 'spiffe://acme.test/', 'gent', SEGMENT],
    ['inside a segment', 'spiffe://acme.test/ag', 'nt', sorted(`/${SEGMENT}`)],
    ['at the end of the last segment', 'spiffe://acme.test/agen', '', SEGMENT],
    ['at the end of an inner segment', 'spiffe://acme.test/n', '/a', SEGMENT],
    ['as a whole inner segment', 'spiffe://acme.test/n/', '/a', SEGMENT.replace('.', '')],
    ['as the whole last segment', 'spiffe://acme.test/n/', '', SEGMENT.replace('.', '')],
    ['as the second character of a dot segment', 'spiffe://acme.test/.', '', without('.')],
  ])('%s', (_, before, after, accepted) => {
    expect(sorted(acceptedBetween(before, after))).toBe(sorted(accepted));
  });

  it('in the place of a slash between segments, only a slash or a character of one longer segment', () => {
    expect(sorted(acceptedBetween('spiffe://acme.test/ns', 'prod'))).toBe(sorted(`/${SEGMENT}`));
  });
});

function without(character: string): string {
  return SEGMENT.replace(character, '');
}

function sorted(text: string): string {
  return Array.from(text).sort().join('');
}

describe('the rules of SPIFFE-ID', () => {
  it.each([
    ['a trust domain alone', 'spiffe://acme.test'],
    ['a path', 'spiffe://acme.test/ns/prod/sa/agent'],
    ['an IPv4 address, which is a name like any other', 'spiffe://10.2.3.4/agent'],
    ['underscores and dashes', 'spiffe://a_b-c.test/x_y-z.1'],
    ['three dots as a segment', 'spiffe://acme.test/...'],
    ['two dots and more as a segment', 'spiffe://acme.test/..x/a'],
    ['upper case in the path', 'spiffe://acme.test/Agent'],
    ['a trust domain of 255 bytes', `spiffe://${'a'.repeat(255)}/x`],
    ['2048 bytes', `spiffe://acme.test/${'a'.repeat(2048 - 19)}`],
  ])('takes %s', (_, text) => expect(accepts(text)).toBe(true));

  it.each([
    ['nothing', ''],
    ['another scheme', 'https://acme.test/a'],
    ['upper case in the scheme', 'Spiffe://acme.test/a'],
    ['upper case in the trust domain', 'spiffe://Acme.test/a'],
    ['no trust domain', 'spiffe:///agent'],
    ['the scheme alone', 'spiffe://'],
    ['a port', 'spiffe://acme.test:443/a'],
    ['user information', 'spiffe://me@acme.test/a'],
    ['a query', 'spiffe://acme.test/a?b'],
    ['an empty query', 'spiffe://acme.test/a?'],
    ['a fragment', 'spiffe://acme.test/a#b'],
    ['percent-encoding', 'spiffe://acme.test/%61'],
    ['an IPv6 address', 'spiffe://[::1]/a'],
    ['a slash at the end', 'spiffe://acme.test/a/'],
    ['a slash after the trust domain', 'spiffe://acme.test/'],
    ['an empty segment', 'spiffe://acme.test/a//b'],
    ['a dot segment', 'spiffe://acme.test/./b'],
    ['a dot-dot segment', 'spiffe://acme.test/a/../b'],
    ['a dot-dot segment at the end', 'spiffe://acme.test/a/..'],
    ['a letter above ASCII', 'spiffe://acme.test/ä'],
    ['a letter that folds to ASCII', 'spiffe://acme.test/\u212a'],
    ['a line break at the end', 'spiffe://acme.test/a\n'],
    ['a line break after the trust domain', 'spiffe://acme.test\n/a'],
    ['a NUL', 'spiffe://acme.test/a\0'],
    ['a trust domain of 256 bytes', `spiffe://${'a'.repeat(256)}/x`],
    ['2049 bytes', `spiffe://acme.test/${'a'.repeat(2049 - 19)}`],
  ])('refuses %s', (_, text) => expect(accepts(text)).toBe(false));

  it('splits into trust domain and path', () => {
    const id = SpiffeId.parse('spiffe://acme.test/ns/a');
    expect([id.trustDomain.name, id.path]).toEqual(['acme.test', '/ns/a']);
    expect(SpiffeId.parse('spiffe://acme.test').path).toBe('');
    expect(TrustDomain.parse('acme.test').toString()).toBe('acme.test');
  });

  it('agrees with the grammar on any text', () => {
    const grammar =
      /^spiffe:\/\/[a-z0-9._-]{1,255}(?:\/(?!\.{1,2}(?:\/|$(?!\n)))[a-zA-Z0-9._-]+)*$(?!\n)/;
    const text = fc.string({ unit: fc.constantFrom(...Array.from('spife:/.at-_A%?\n\0é')) });
    fc.assert(
      fc.property(
        fc.oneof(
          text,
          text.map((rest) => `spiffe://${rest}`),
        ),
        (candidate) => {
          expect(accepts(candidate)).toBe(candidate.length <= 2048 && grammar.test(candidate));
        },
      ),
      { numRuns: 5000 },
    );
  });

  it('never repeats the name in its complaint', () => {
    expect(() => SpiffeId.parse('spiffe://acme.test/<script>')).toThrow(/^[^<]*$/);
  });
});
