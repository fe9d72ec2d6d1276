import { createHmac, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { IssuerEntry } from '../../src/call/index.ts';
import { createVerifier, type SigningKey, type TokenVerifier } from '../../src/token/index.ts';
import { startIssuer, type Claims, type TestIssuer } from '../support/issuer.ts';
import {
  codeOf,
  detailOf,
  headerOf,
  jws,
  NOW,
  OWN_ID,
  p256,
  part,
  payloadOf,
  presented,
  privateKeyOf,
  PUBLIC_URL,
} from './rig.ts';

let issuer: TestIssuer;
let verifier: TokenVerifier;
let key: SigningKey;

beforeAll(async () => {
  issuer = await startIssuer();
  ({ key } = issuer);
  verifier = createVerifier({
    now: () => NOW,
    // Stands still: the first unknown key asks for the keys anew, and no other one after it.
    elapsed: () => 0,
    emit: () => undefined,
    ownSpiffeId: () => OWN_ID,
    publicUrl: PUBLIC_URL,
    development: false,
    fetchKeys: issuer.fetchKeys,
  });
  return async () => {
    verifier.close();
    await issuer.close();
  };
});

function ask(token: string, entry: Partial<IssuerEntry> = {}) {
  return Promise.resolve(verifier.verify(presented(token, [issuer.entry(entry)])));
}

/** Signed by the issuer's own key, whatever it is. */
function genuine(header: string | Buffer, payload: string | Buffer = payloadOf()): string {
  return jws(header, payload, privateKeyOf(key));
}

function perfect(): string {
  return genuine(headerOf(key));
}

/** A perfect token of which one of the three parts is another. */
function withPart(index: number, change: (part: string) => string): string {
  return perfect()
    .split('.')
    .map((text, at) => (at === index ? change(text) : text))
    .join('.');
}

/** The same bytes, written with bits behind them that no encoder leaves. */
function sloppy(text: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const next = alphabet[alphabet.indexOf(text.at(-1) ?? '') + 1] ?? '';
  const other = text.slice(0, -1) + next;
  if (Buffer.compare(Buffer.from(other, 'base64url'), Buffer.from(text, 'base64url')) !== 0)
    throw new TypeError('no bits are left over in this text');
  return other;
}

const withoutLast = (text: string) => text.trim().slice(0, -1);

describe('a token in another form than the compact one', () => {
  it.each<[string, () => string]>([
    ['nothing', () => ''],
    ['a word', () => 'token'],
    ['two dots', () => '..'],
    ['two parts', () => perfect().split('.').slice(0, 2).join('.')],
    ['four parts', () => `${perfect()}.`],
    ['five parts, as an encrypted one has', () => `${perfect()}.AAAA.AAAA`],
    ['a thousand parts', () => '.'.repeat(999)],
    ['more than 8 KiB', () => genuine(headerOf(key), payloadOf({ more: 'a'.repeat(8000) }))],
    ['JSON serialization', () => jsonOf(perfect())],
    ['a blank in front', () => ` ${perfect()}`],
    ['a line break behind', () => `${perfect()}\n`],
    ['a tab in the payload', () => withPart(1, (text) => `${text.slice(0, 4)}\t${text.slice(4)}`)],
    ['padding behind the header', () => withPart(0, (text) => `${text}=`)],
    ['padding behind the signature', () => withPart(2, (text) => `${text}==`)],
    ['base64 instead of base64url', () => withPart(1, (text) => `${text.slice(0, -2)}+/`)],
    ['bits left over behind the signature', () => withPart(2, sloppy)],
    ['bits left over behind the header', () => genuineSloppy(0)],
    ['bits left over behind the payload', () => genuineSloppy(1)],
    ['one character too many for bytes', () => withPart(2, (text) => `${text}AAA`)],
    ['no header', () => withPart(0, () => '')],
    ['no payload', () => withPart(1, () => '')],
    ['a letter of another alphabet', () => withPart(1, (text) => `${text}Ａ`)],
    ['a header that is a list', () => genuine('[]')],
    ['a header that is text', () => genuine('"at+jwt"')],
    ['a header that is null', () => genuine('null')],
    ['a header that is no JSON', () => genuine(`${headerOf(key)}x`)],
    ['a header with a comma too many', () => genuine(`${withoutLast(headerOf(key))},}`)],
    ['a header with a byte order mark', () => genuine(`\ufeff${headerOf(key)}`)],
    [
      'a header that is not UTF-8',
      () => genuine(Buffer.from([...Buffer.from('{"a":"'), 0xff, 0x22, 0x7d])),
    ],
    ['a header with alg twice', () => genuine(`${withoutLast(headerOf(key))},"alg":"ES256"}`)],
    [
      'a header with kid twice, once in escapes',
      () => genuine(`{"k\\u0069d":"x",${headerOf(key).slice(1)}`),
    ],
    ['a payload that is a list', () => genuine(headerOf(key), '[]')],
    ['a payload that is no JSON', () => genuine(headerOf(key), 'alice')],
    [
      'a payload with sub twice',
      () => genuine(headerOf(key), `{"sub":"root",${payloadOf().slice(1)}`),
    ],
    [
      'a payload with a member twice inside',
      () => genuine(headerOf(key), payloadWith('"x":{"a":1,"a":1}')),
    ],
    [
      'a payload with __proto__ twice',
      () => genuine(headerOf(key), payloadWith('"__proto__":1,"__proto__":1')),
    ],
    [
      'a payload that is nested too deep',
      () => genuine(headerOf(key), payloadWith(`"x":${'['.repeat(32)}${']'.repeat(32)}`)),
    ],
    ['a payload with a number that is none', () => genuine(headerOf(key), payloadWith('"x":NaN'))],
    ['a payload with a comment', () => genuine(headerOf(key), `${payloadOf()}//`)],
  ])('is malformed: %s', async (_, token) => {
    const answer = await ask(token());
    expect(codeOf(answer)).toBe('TOKEN_MALFORMED');
    expect(detailOf(answer)).not.toBe('');
  });

  it('is one thing, a member that looks like two is another', async () => {
    const payload = payloadWith('"a":{"a":1},"b":["a","a"],"c":"\\"a\\":1,\\"a\\":2"');
    expect(detailOf(await ask(genuine(headerOf(key), payload)))).toBe('good');
  });

  it('a claim named __proto__ changes nothing', async () => {
    const payload = withoutSub('"__proto__":{"sub":"alice"}');
    expect(codeOf(await ask(genuine(headerOf(key), payload)))).toBe('TOKEN_MALFORMED');
  });
});

describe('a header', () => {
  it.each<[string, Claims]>([
    ['of typ AT+JWT', { typ: 'AT+JWT' }],
    ['of typ application/at+jwt', { typ: 'application/at+jwt' }],
    ['without kid, while one key fits', { kid: undefined }],
    ['with members that mean nothing here', { x5t: 'abc', cty: 'json', foo: [1] }],
  ])('%s is good', async (_, changes) => {
    expect(detailOf(await ask(genuine(headerOf(key, changes))))).toBe('good');
  });

  it.each<[string, string, Claims]>([
    ['TOKEN_MALFORMED', 'no typ', { typ: undefined }],
    ['TOKEN_MALFORMED', 'typ JWT', { typ: 'JWT' }],
    ['TOKEN_MALFORMED', 'the typ of an ID token', { typ: 'id+jwt' }],
    ['TOKEN_MALFORMED', 'the typ of a proof', { typ: 'dpop+jwt' }],
    ['TOKEN_MALFORMED', 'a typ with a parameter', { typ: 'at+jwt; v=1' }],
    ['TOKEN_MALFORMED', 'application/ twice', { typ: 'application/application/at+jwt' }],
    ['TOKEN_MALFORMED', 'a typ that is a list', { typ: ['at+jwt'] }],
    ['TOKEN_MALFORMED', 'crit', { crit: ['exp'], exp: 1 }],
    ['TOKEN_MALFORMED', 'an empty crit', { crit: [] }],
    ['TOKEN_MALFORMED', 'b64', { b64: true }],
    ['TOKEN_MALFORMED', 'b64 as RFC 7797 has it', { b64: false, crit: ['b64'] }],
    ['TOKEN_MALFORMED', 'zip', { zip: 'DEF' }],
    ['TOKEN_MALFORMED', 'enc', { enc: 'A256GCM' }],
    ['TOKEN_MALFORMED', 'jku', { jku: 'https://evil.test/jwks' }],
    ['TOKEN_MALFORMED', 'x5u', { x5u: 'https://evil.test/cert' }],
    ['TOKEN_MALFORMED', 'x5c', { x5c: ['AAAA'] }],
    ['TOKEN_MALFORMED', 'a key of its own', { jwk: p256().publicKey.export({ format: 'jwk' }) }],
    ['TOKEN_MALFORMED', 'a kid that is a number', { kid: 7 }],
    ['TOKEN_MALFORMED', 'an empty kid', { kid: '' }],
    ['TOKEN_MALFORMED', 'a kid that is too long', { kid: 'k'.repeat(257) }],
    ['TOKEN_UNTRUSTED', 'a kid that nobody published', { kid: '../../dev/null' }],
    ['TOKEN_UNTRUSTED', 'a kid in other letters', { kid: 'K' }],
    ['TOKEN_UNTRUSTED', 'no alg', { alg: undefined }],
    ['TOKEN_UNTRUSTED', 'alg none', { alg: 'none' }],
    ['TOKEN_UNTRUSTED', 'alg noNE', { alg: 'noNE' }],
    ['TOKEN_UNTRUSTED', 'alg es256', { alg: 'es256' }],
    ['TOKEN_UNTRUSTED', 'alg with a blank', { alg: 'ES256 ' }],
    ['TOKEN_UNTRUSTED', 'alg in a list', { alg: ['ES256'] }],
    ['TOKEN_UNTRUSTED', 'an alg that the entry does not list', { alg: 'ES384' }],
    ['TOKEN_UNTRUSTED', 'the alg of a message code', { alg: 'HS256' }],
  ])('%s: %s', async (code, _, changes) => {
    expect(codeOf(await ask(genuine(headerOf(key, changes))))).toBe(code);
  });
});

describe('a signature', () => {
  const input = (header: Claims = {}) => `${part(headerOf(key, header))}.${part(payloadOf())}`;
  const withSignature = (signature: Buffer, header?: Claims) =>
    `${input(header)}.${part(signature)}`;

  it.each<[string, () => string, Partial<IssuerEntry>?]>([
    ['of none', () => withSignature(Buffer.alloc(0))],
    ['of none, with alg none', () => withSignature(Buffer.alloc(0), { alg: 'none' })],
    ['of another key', () => jws(headerOf(key), payloadOf(), p256().privateKey)],
    ['of zeros', () => withSignature(Buffer.alloc(64))],
    ['that is one byte short', () => withSignature(randomBytes(63))],
    ['that is one byte long', () => withSignature(randomBytes(65))],
    ['in DER', () => withSignature(sign('sha256', Buffer.from(input()), privateKeyOf(key)))],
    ['of the right length for another curve', () => withSignature(randomBytes(96))],
    ['of a code with the public key as its secret', () => codedWith(publicPem())],
    [
      'of that, where the entry lists it',
      () => codedWith(publicPem()),
      { algorithms: ['ES256', 'HS256'] },
    ],
    [
      'of a code with the published key',
      () => codedWith(part(JSON.stringify(key))),
      { algorithms: ['HS256'] },
    ],
    [
      'of an alg that is none, where the entry lists it',
      () => withSignature(Buffer.alloc(0), { alg: 'none' }),
      { algorithms: ['none'] },
    ],
    ['over the other hash', () => jws(headerOf(key), payloadOf(), privateKeyOf(key), 'sha384')],
    [
      'with alg ES384 by a P-256 key',
      () => jws(headerOf(key, { alg: 'ES384' }), payloadOf(), privateKeyOf(key), 'sha384'),
      { algorithms: ['ES384'] },
    ],
    ['of an RSA key', () => rsaSigned(), { algorithms: ['RS256'] }],
  ])('%s is not believed', async (_, token, entry) => {
    expect(codeOf(await ask(token(), entry))).toBe('TOKEN_UNTRUSTED');
  });

  function codedWith(secret: string): string {
    const header = headerOf(key, { alg: 'HS256' });
    const text = `${part(header)}.${part(payloadOf())}`;
    return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
  }

  function publicPem(): string {
    const { kty, crv, x, y } = key;
    return JSON.stringify({ kty, crv, x, y });
  }

  function rsaSigned(): string {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    return jws(headerOf(key, { alg: 'RS256' }), payloadOf(), privateKey);
  }
});

describe('whatever anybody changes', () => {
  it('about one character of a good token, it is refused', async () => {
    const token = perfect();
    expect(codeOf(await ask(token))).toBe('good');
    const anyCharacter = fc
      .integer({ min: 0, max: 0x17f })
      .map((code) => String.fromCharCode(code));
    const at = fc.integer({ min: 0, max: token.length - 1 });
    await fc.assert(
      fc.asyncProperty(at, anyCharacter, async (index, character) => {
        fc.pre(token[index] !== character);
        const changed = token.slice(0, index) + character + token.slice(index + 1);
        expect(codeOf(await ask(changed))).toMatch(/^TOKEN_(MALFORMED|UNTRUSTED)$/);
      }),
      { numRuns: 1000 },
    );
  });

  it('about its length, it is refused', async () => {
    const token = perfect();
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: token.length - 1 }), async (length) => {
        expect(codeOf(await ask(token.slice(0, length)))).toMatch(/^TOKEN_(MALFORMED|UNTRUSTED)$/);
        expect(codeOf(await ask(token.slice(-length - 1) + token))).not.toBe('good');
      }),
      { numRuns: 200 },
    );
  });

  it('about the type of a claim, it is refused, or good only where the type is the right one', async () => {
    const claims = [
      'iss',
      'sub',
      'aud',
      'client_id',
      'iat',
      'exp',
      'nbf',
      'jti',
      'scope',
      'cnf',
      'act',
    ];
    const typed = fc.jsonValue({ maxDepth: 3 });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...claims), typed, async (claim, value) => {
        const answer = await ask(genuine(headerOf(key), payloadOf({ [claim]: value })));
        expect(codeOf(answer)).toMatch(/^(good|TOKEN_[A-Z_]+)$/);
        if (codeOf(answer) === 'good')
          expect(
            typeof value === 'string' ||
              typeof value === 'number' ||
              claim === 'scope' ||
              claim === 'act',
          ).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('about the type of a header member, it is refused unless nothing of it was read', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('alg', 'typ', 'kid'),
        fc.jsonValue(),
        async (name, value) => {
          fc.pre(value !== 'ES256' && value !== key.kid);
          const answer = await ask(genuine(headerOf(key, { [name]: value })));
          expect(codeOf(answer)).toMatch(/^TOKEN_(MALFORMED|UNTRUSTED)$/);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('any text at all is refused and never thrown about', async () => {
    const text = fc.oneof(
      fc.string({ maxLength: 200, unit: 'binary' }),
      fc.array(fc.base64String(), { maxLength: 6 }).map((parts) => parts.join('.')),
      fc.tuple(fc.json(), fc.json()).map(([a, b]) => `${part(a)}.${part(b)}.AAAA`),
    );
    await fc.assert(
      fc.asyncProperty(text, async (token) => {
        expect(codeOf(await ask(token))).toMatch(/^TOKEN_(MALFORMED|UNTRUSTED)$/);
      }),
      { numRuns: 500 },
    );
  });
});

describe('what is said of a refusal', () => {
  it('holds no part of the token but short names, and nothing that a terminal obeys', async () => {
    const bad = genuine(headerOf(key, { kid: '\u001b[31mred\u202e"' }));
    expect(detailOf(await ask(bad))).toBe('no key fits ES256 with kid "?[31mred??"');
    const answers = [
      ask(withPart(1, (text) => `${text}=`)),
      ask(jws(headerOf(key), payloadOf(), p256().privateKey)),
      ask(genuine(headerOf(key), payloadOf({ aud: 'x'.repeat(2000) }))),
      ask(genuine(headerOf(key), payloadOf({ sub: 7 }))),
    ];
    for (const answer of await Promise.all(answers)) {
      expect(detailOf(answer).length).toBeLessThan(200);
      for (const text of perfect().split('.'))
        expect(detailOf(answer)).not.toContain(text.slice(0, 20));
    }
  });
});

function jsonOf(token: string): string {
  const [header, payload, signature] = token.split('.');
  return JSON.stringify({ protected: header, payload, signature });
}

function payloadWith(member: string): string {
  return `${withoutLast(payloadOf())},${member}}`;
}

function withoutSub(member: string): string {
  return `${withoutLast(payloadOf({ sub: undefined }))},${member}}`;
}

/** Signed over a part that has bits left over: the signature is good, the form is not. */
function genuineSloppy(index: 0 | 1): string {
  // Blanks at the end of the JSON, until the last character has bits that mean nothing.
  const texts = [headerOf(key), payloadOf()];
  while (Buffer.byteLength(texts[index] ?? '') % 3 === 0) texts[index] = `${texts[index] ?? ''} `;
  const parts = texts.map(part);
  parts[index] = sloppy(parts[index] ?? '');
  const input = parts.join('.');
  const signature = sign('sha256', Buffer.from(input), {
    key: privateKeyOf(key),
    dsaEncoding: 'ieee-p1363',
  });
  return `${input}.${part(signature)}`;
}
