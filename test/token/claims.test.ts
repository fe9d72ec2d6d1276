import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { IssuerEntry, VerifiedToken } from '../../src/call/index.ts';
import { createVerifier } from '../../src/token/index.ts';
import type { Claims } from '../support/issuer.ts';
import {
  BOUND,
  codeOf,
  detailOf,
  headerOf,
  jws,
  NOW,
  OTHER_CERTIFICATE,
  OWN_ID,
  payloadOf,
  presented,
  privateKeyOf,
  PUBLIC_URL,
  rig,
  type Rig,
  THUMBPRINT,
} from './rig.ts';

const SECOND = 1000;
const now = NOW / SECOND;

const ends: (() => Promise<void>)[] = [];
let shared: Rig;
beforeAll(
  async () => (shared = await rig({}, (end) => void ends.push(end as () => Promise<void>))),
);
afterAll(() => Promise.all(ends.map((end) => end())));

/** Asks about a token with these claims changed, at an issuer with this entry changed. */
async function ask(claims: Claims, entry: Partial<IssuerEntry> = {}) {
  const { issuer, verifier } = shared;
  const token = jws(headerOf(issuer.key), payloadOf(claims), privateKeyOf(issuer.key));
  return verifier.verify(presented(token, [issuer.entry(entry)]));
}

function nested(depth: number): unknown {
  return depth === 0 ? undefined : { sub: `agent-${depth}`, act: nested(depth - 1) };
}

describe('a perfect token', () => {
  it('says who speaks, for whom, with which scopes, and until when', async () => {
    expect(await ask({ jti: 't1', scope: 'invoices:read invoices:write' })).toEqual({
      issuer: shared.issuer.entry(),
      subject: { issuer: 'https://sts.acme.test', subject: 'alice' },
      presenter: { issuer: 'https://sts.acme.test', subject: 'portal' },
      actors: [],
      scopes: new Set(['invoices:read', 'invoices:write']),
      expiresAt: NOW + 300 * SECOND,
      tokenId: 't1',
    });
  });

  it('names its actors from the outermost inwards, the token’s issuer where they have none', async () => {
    const act = { sub: 'planner', act: { iss: 'https://other.test', sub: 'portal' } };
    const { actors, presenter, subject } = (await ask({ act })) as VerifiedToken;
    const planner = { issuer: 'https://sts.acme.test', subject: 'planner' };
    expect(actors).toEqual([planner, { issuer: 'https://other.test', subject: 'portal' }]);
    expect(presenter).toEqual(planner);
    expect(subject.subject).toBe('alice');
  });

  it('names its client in the claim that the entry says', async () => {
    const answer = await ask({ azp: 'web' }, { clientClaim: 'azp' });
    expect((answer as VerifiedToken).presenter.subject).toBe('web');
  });

  it.each<[string, Claims, readonly string[]]>([
    ['one text', { scope: 'a b c' }, ['a', 'b', 'c']],
    ['a list', { scope: ['a', 'b'] }, ['a', 'b']],
    ['the same scope twice', { scope: 'a a' }, ['a']],
    ['an empty text', { scope: '' }, []],
    ['no claim at all', { scope: undefined }, []],
    [
      'a star, which grants nothing',
      { scope: '* invoices:* invoices:read a*b' },
      ['invoices:read'],
    ],
  ])('has the scopes of %s', async (_, claims, scopes) => {
    expect([...((await ask(claims)) as VerifiedToken).scopes]).toEqual(scopes);
  });

  it('has its scopes in the claim that the entry says', async () => {
    const answer = await ask({ scp: ['x'], scope: 'y' }, { scopeClaim: 'scp' });
    expect([...(answer as VerifiedToken).scopes]).toEqual(['x']);
  });
});

describe('a token whose claims are', () => {
  it.each<[string, Claims, Partial<IssuerEntry>?]>([
    ['for several, us among them', { aud: ['https://other.test', PUBLIC_URL] }],
    ['for our SPIFFE ID, where the entry names no audience', { aud: OWN_ID }, { audiences: [] }],
    ['about to end', { exp: now + 0.5 }],
    ['issued by a clock that is 30 s ahead', { iat: now + 30, nbf: now + 30, exp: now + 300 }],
    ['without a client, but with an actor', { client_id: undefined, act: { sub: 'planner' } }],
    ['16 actors deep', { act: nested(16) }],
    ['bound to nothing, where that is taken', { cnf: undefined }, { binding: 'whenPresent' }],
    ['bound, where that is not asked for', {}, { binding: 'whenPresent' }],
    ['bound in two ways, of which we know one', { cnf: { ...BOUND.cnf, kid: 'x' } }],
    ['without scopes in a claim that every object has', {}, { scopeClaim: 'constructor' }],
    ['more than we know of', { nonce: 'n', groups: ['a'], may_act: { sub: 'x' } }],
  ])('%s is good', async (_, claims, entry) => {
    const answer = await ask(claims, entry);
    expect(detailOf(answer)).toBe('good');
  });

  it.each<[string, string, Claims, Partial<IssuerEntry>?]>([
    // Who, for whom, which.
    ['TOKEN_MALFORMED', 'no issuer', { iss: undefined }],
    ['TOKEN_MALFORMED', 'an issuer that is no text', { iss: ['https://sts.acme.test'] }],
    ['TOKEN_UNTRUSTED', 'an issuer that nobody lists', { iss: 'https://sts.acme.test/' }],
    ['TOKEN_UNTRUSTED', 'an issuer in other letters', { iss: 'https://STS.acme.test' }],
    ['TOKEN_MALFORMED', 'no subject', { sub: undefined }],
    ['TOKEN_MALFORMED', 'an empty subject', { sub: '' }],
    ['TOKEN_MALFORMED', 'a subject that is a number', { sub: 7 }],
    ['TOKEN_MALFORMED', 'a subject that is too long', { sub: 'a'.repeat(2049) }],
    ['TOKEN_MALFORMED', 'a subject with a line break', { sub: 'alice\nbob' }],
    ['TOKEN_MALFORMED', 'a subject with a zero byte', { sub: 'alice\0' }],
    ['TOKEN_MALFORMED', 'a subject with half a character', { sub: 'alice\ud800' }],
    ['TOKEN_MALFORMED', 'no client and no actor', { client_id: undefined }],
    ['TOKEN_MALFORMED', 'no client in the claim of the entry', {}, { clientClaim: 'azp' }],
    ['TOKEN_MALFORMED', 'a client claim that every object has', {}, { clientClaim: 'constructor' }],
    ['TOKEN_MALFORMED', 'a broken client beside an actor', { client_id: 7, act: { sub: 'a' } }],
    ['TOKEN_MALFORMED', 'no ID', { jti: undefined }],
    ['TOKEN_MALFORMED', 'an ID under another name', { jti: undefined, uti: 't1' }],
    ['TOKEN_MALFORMED', 'an ID that is a number', { jti: 1 }],
    ['TOKEN_MALFORMED', 'an ID that is too long', { jti: 'a'.repeat(257) }],
    // Audience.
    ['TOKEN_MALFORMED', 'no audience', { aud: undefined }],
    ['TOKEN_MALFORMED', 'an empty list of audiences', { aud: [] }],
    ['TOKEN_MALFORMED', 'an audience that is a number', { aud: [PUBLIC_URL, 7] }],
    ['TOKEN_MALFORMED', 'an audience that is an object', { aud: { [PUBLIC_URL]: true } }],
    ['TOKEN_MALFORMED', 'too many audiences', { aud: Array(65).fill(PUBLIC_URL) }],
    ['TOKEN_WRONG_AUDIENCE', 'another audience', { aud: 'https://other.test' }],
    ['TOKEN_WRONG_AUDIENCE', 'an audience that ours begins with', { aud: PUBLIC_URL.slice(0, -1) }],
    ['TOKEN_WRONG_AUDIENCE', 'our audience and a slash', { aud: `${PUBLIC_URL}/` }],
    ['TOKEN_WRONG_AUDIENCE', 'our SPIFFE ID, where the entry names another', { aud: OWN_ID }],
    ['TOKEN_WRONG_AUDIENCE', 'a URL, where our SPIFFE ID is meant', {}, { audiences: [] }],
    // Times.
    ['TOKEN_MALFORMED', 'no end', { exp: undefined }],
    ['TOKEN_MALFORMED', 'an end that is text', { exp: String(now + 300) }],
    ['TOKEN_MALFORMED', 'an end that is null', { exp: null }],
    ['TOKEN_MALFORMED', 'an end that is no date any more', { exp: 1e300 }],
    ['TOKEN_MALFORMED', 'an end before all time', { exp: -1 }],
    ['TOKEN_EXPIRED', 'an end that is now', { exp: now }],
    ['TOKEN_EXPIRED', 'an end that was', { exp: now - 1 }],
    ['TOKEN_EXPIRED', 'a beginning later than clocks differ', { nbf: now + 31 }],
    ['TOKEN_MALFORMED', 'a beginning that is text', { nbf: '0' }],
    ['TOKEN_MALFORMED', 'no time of issue', { iat: undefined }],
    ['TOKEN_MALFORMED', 'a time of issue that is text', { iat: '0' }],
    ['TOKEN_EXPIRED', 'a time of issue in the future', { iat: now + 31, exp: now + 300 }],
    // Scopes.
    ['TOKEN_MALFORMED', 'scopes with two blanks between', { scope: 'a  b' }],
    ['TOKEN_MALFORMED', 'scopes with a blank behind', { scope: 'a ' }],
    ['TOKEN_MALFORMED', 'scopes with a tab between', { scope: 'a\tb' }],
    ['TOKEN_MALFORMED', 'a scope with a quote', { scope: 'a"' }],
    ['TOKEN_MALFORMED', 'scopes that are an object', { scope: { a: true } }],
    ['TOKEN_MALFORMED', 'a scope that is a number', { scope: ['a', 7] }],
    ['TOKEN_MALFORMED', 'a list with two scopes in one text', { scope: ['a b'] }],
    ['TOKEN_MALFORMED', 'scopes that are null', { scope: null }],
    ['TOKEN_MALFORMED', 'too many scopes', { scope: 'a '.repeat(300).trim() }],
    // Actors.
    ['TOKEN_MALFORMED', 'an actor that is text', { act: 'planner' }],
    ['TOKEN_MALFORMED', 'an actor that is null', { act: null }],
    ['TOKEN_MALFORMED', 'a list of actors', { act: [{ sub: 'planner' }] }],
    ['TOKEN_MALFORMED', 'an actor without a name', { act: { iss: 'https://sts.acme.test' } }],
    ['TOKEN_MALFORMED', 'an actor with a broken issuer', { act: { iss: 7, sub: 'planner' } }],
    ['TOKEN_MALFORMED', 'an inner actor without a name', { act: { sub: 'planner', act: {} } }],
    ['TOKEN_MALFORMED', 'an inner actor that is text', { act: { sub: 'planner', act: 'x' } }],
    ['TOKEN_MALFORMED', '17 actors', { act: nested(17) }],
    ['TOKEN_MALFORMED', 'actors that nobody counts', { act: nested(40) }],
    // Binding.
    ['TOKEN_UNBOUND', 'no binding', { cnf: undefined }],
    ['TOKEN_UNBOUND', 'an empty binding', { cnf: {} }],
    ['TOKEN_UNBOUND', 'a binding that nobody knows', { cnf: { kid: 'x' } }],
    [
      'TOKEN_UNBOUND',
      'that also where none is asked for',
      { cnf: { jwk: {} } },
      { binding: 'whenPresent' },
    ],
    ['TOKEN_MALFORMED', 'a binding that is text', { cnf: THUMBPRINT }],
    ['TOKEN_MALFORMED', 'a binding that is null', { cnf: null }],
    ['TOKEN_MALFORMED', 'a thumbprint that is a number', { cnf: { 'x5t#S256': 7 } }],
    ['TOKEN_MALFORMED', 'a thumbprint with padding', { cnf: { 'x5t#S256': `${THUMBPRINT}=` } }],
    ['TOKEN_MALFORMED', 'a thumbprint in hexadecimal', { cnf: { 'x5t#S256': 'ab'.repeat(32) } }],
    [
      'TOKEN_MALFORMED',
      'a thumbprint that is too short',
      { cnf: { 'x5t#S256': THUMBPRINT.slice(4) } },
    ],
    ['TOKEN_MALFORMED', 'a broken thumbprint of a key', { cnf: { ...BOUND.cnf, jkt: 'x' } }],
    [
      'TOKEN_BOUND_ELSEWHERE',
      'another certificate',
      { cnf: { 'x5t#S256': thumbprint(OTHER_CERTIFICATE) } },
    ],
    ['TOKEN_PROOF_INVALID', 'a key, and comes as Bearer', { cnf: { jkt: THUMBPRINT } }],
    [
      'TOKEN_PROOF_INVALID',
      'a key beside the certificate',
      { cnf: { ...BOUND.cnf, jkt: THUMBPRINT } },
    ],
  ])('%s: %s', async (code, _, claims, entry) => {
    expect(codeOf(await ask(claims, entry))).toBe(code);
  });

  it('the same thumbprint with bits left over is refused', async () => {
    const last = THUMBPRINT.at(-1) ?? '';
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const sloppy = THUMBPRINT.slice(0, -1) + (alphabet[alphabet.indexOf(last) + 1] ?? '');
    expect(Buffer.from(sloppy, 'base64url')).toEqual(Buffer.from(THUMBPRINT, 'base64url'));
    expect(codeOf(await ask({ cnf: { 'x5t#S256': sloppy } }))).toBe('TOKEN_MALFORMED');
  });
});

describe('without a type, where the issuer is allowed to leave it out,', () => {
  const untyped = (claims: Claims, header: Claims = { typ: undefined }) => {
    const { key } = shared.issuer;
    const token = jws(headerOf(key, header), payloadOf(claims), privateKeyOf(key));
    const entry = shared.issuer.entry({ acceptUntypedTokens: true });
    return shared.verifier.verify(presented(token, [entry]));
  };

  it.each<[string, Claims, Claims?]>([
    ['a token', {}],
    ['a token of typ JWT', {}, { typ: 'JWT' }],
    [
      'a token of typ at+jwt, whatever it has,',
      { nonce: 'n', scope: undefined },
      { typ: 'at+jwt' },
    ],
  ])('%s is good', async (_, claims, header) => {
    expect(detailOf(await untyped(claims, header))).toBe('good');
  });

  it.each<[string, Claims, Claims?]>([
    ['with a nonce', { nonce: 'n' }],
    ['with at_hash', { at_hash: 'x' }],
    ['with c_hash', { c_hash: 'x' }],
    ['without scopes', { scope: undefined }],
    ['whose audience is its client', { client_id: PUBLIC_URL }],
    ['whose audiences have its client among them', { aud: [PUBLIC_URL, 'portal'] }],
    ['whose audience is its authorized party', { azp: PUBLIC_URL }],
    ['with another type', {}, { typ: 'id+jwt' }],
    ['with a type that is no text', {}, { typ: 7 }],
  ])('one %s could be an ID token and is refused', async (_, claims, header) => {
    expect(codeOf(await untyped(claims, header))).toBe('TOKEN_MALFORMED');
  });

  it.each<[string, Claims, string]>([
    ['jti', { jti: 't1' }, 't1'],
    ['jti, also beside uti', { jti: 't1', uti: 't2' }, 't1'],
    ['uti, where there is no jti', { jti: undefined, uti: 't2' }, 't2'],
  ])('the ID of a token is %s', async (_, claims, id) => {
    expect(((await untyped(claims)) as VerifiedToken).tokenId).toBe(id);
  });

  it.each<[string, Claims]>([
    ['no ID', { jti: undefined }],
    ['a broken jti beside uti', { jti: 7, uti: 't2' }],
    ['a broken uti', { jti: undefined, uti: '' }],
  ])('a token with %s is refused', async (_, claims) => {
    expect(codeOf(await untyped(claims))).toBe('TOKEN_MALFORMED');
  });

  it('an ID token as OpenID Connect has it never passes', async () => {
    const idToken = {
      client_id: undefined,
      azp: 'web',
      aud: ['web', PUBLIC_URL],
      scope: undefined,
    };
    const answer = await untyped({ ...idToken, nonce: 'n', at_hash: 'h', auth_time: now });
    expect(codeOf(answer)).toBe('TOKEN_MALFORMED');
  });
});

describe('an issuer', () => {
  it('for development is believed only where the configuration says so', async () => {
    const claims = {};
    expect(codeOf(await ask(claims, { development: true }))).toBe('TOKEN_UNTRUSTED');
    expect(detailOf(await ask(claims, { development: true }))).toMatch(/'development: true'/);
    const believing = createVerifier({
      now: () => NOW,
      emit: () => undefined,
      ownSpiffeId: () => OWN_ID,
      publicUrl: undefined,
      development: true,
      fetchKeys: shared.issuer.fetchKeys,
    });
    const entries = [shared.issuer.entry({ development: true })];
    const answer = await believing.verify(presented(await shared.token(), entries));
    expect(detailOf(answer)).toBe('good');
    believing.close();
  });

  it('that two entries name is believed by neither', async () => {
    const entries = [shared.issuer.entry(), shared.issuer.entry({ name: 'other' })];
    const answer = await shared.verifier.verify(presented(await shared.token(), entries));
    expect(codeOf(answer)).toBe('TOKEN_UNTRUSTED');
  });
});

function thumbprint(hex: string): string {
  return Buffer.from(hex, 'hex').toString('base64url');
}
