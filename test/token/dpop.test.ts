import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import type { PresentedToken } from '../../src/call/index.ts';
import { judgeProof } from '../../src/token/dpop.ts';
import { UsedProofs } from '../../src/token/replay.ts';
import type { Claims } from '../support/issuer.ts';
import {
  BOUND,
  codeOf,
  detailOf,
  jws,
  NOW,
  OTHER_CERTIFICATE,
  p256,
  part,
  presented,
  PUBLIC_URL,
  rig,
  type Rig,
} from './rig.ts';

const now = NOW / 1000;
const CALLED = `${PUBLIC_URL}/invoices/7`;

/** Written down here once more, by RFC 7638, and with nothing of what is tested. */
function thumbprintOf(key: KeyObject): string {
  const { crv, kty, x, y } = key.export({ format: 'jwk' });
  const text = JSON.stringify({ crv, kty, x, y });
  return createHash('sha256').update(text).digest('base64url');
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}

let world: Rig;
let token: string;
let last = 0;
const { publicKey, privateKey } = p256();
const jkt = thumbprintOf(publicKey);

beforeAll(async () => {
  const ends: (() => Promise<void>)[] = [];
  world = await rig({}, (end) => void ends.push(end as () => Promise<void>));
  token = await world.token({ cnf: { jkt } });
  return async () => {
    await Promise.all(ends.map((end) => end()));
  };
});

interface ProofChanges {
  readonly header?: Claims;
  readonly claims?: Claims;
  readonly key?: KeyObject;
  readonly of?: string;
}

/** A perfect proof for `CALLED`, with these things changed. */
function proof({ header = {}, claims = {}, key = privateKey, of = token }: ProofChanges = {}) {
  const jwk = publicKey.export({ format: 'jwk' });
  const said = { jti: `p${++last}`, htm: 'GET', htu: CALLED, iat: now, ath: hashOf(of) };
  return jws(
    JSON.stringify({ typ: 'dpop+jwt', alg: 'ES256', jwk, ...header }),
    JSON.stringify({ ...said, ...claims }),
    key,
  );
}

function ask(changes: Partial<PresentedToken>, what = token) {
  return world.ask(what, { scheme: 'dpop', ...changes });
}

describe('a token that is bound to a key', () => {
  it('is good with a proof of that key, once', async () => {
    const first = proof();
    expect(detailOf(await ask({ proof: first }))).toBe('good');
    const again = await ask({ proof: first });
    expect([codeOf(again), detailOf(again)]).toEqual([
      'TOKEN_PROOF_INVALID',
      'the DPoP proof: it was used before',
    ]);
    expect(codeOf(await ask({ proof: proof() }))).toBe('good');
  });

  it('is good only once when the same proof comes twice at the same time', async () => {
    const twice = proof();
    const answers = await Promise.all([ask({ proof: twice }), ask({ proof: twice })]);
    expect(answers.map(codeOf).toSorted()).toEqual(['TOKEN_PROOF_INVALID', 'good']);
  });

  it('is refused without a proof, and as Bearer with one', async () => {
    expect(codeOf(await ask({}))).toBe('TOKEN_PROOF_INVALID');
    const answer = await ask({ scheme: 'bearer', proof: proof() });
    expect(detailOf(answer)).toBe('it is bound to a key and came as Bearer');
    expect(codeOf(answer)).toBe('TOKEN_PROOF_INVALID');
  });

  it('and to a certificate as well needs both', async () => {
    const both = await world.token({ cnf: { ...BOUND.cnf, jkt } });
    const good = () => proof({ of: both });
    expect(codeOf(await ask({ proof: good() }, both))).toBe('good');
    const elsewhere = { proof: good(), certificateSha256: OTHER_CERTIFICATE };
    expect(codeOf(await ask(elsewhere, both))).toBe('TOKEN_BOUND_ELSEWHERE');
    expect(codeOf(await ask({}, both))).toBe('TOKEN_PROOF_INVALID');
  });

  it('is bound elsewhere when the proof is of another key', async () => {
    const thief = p256();
    const header = { jwk: thief.publicKey.export({ format: 'jwk' }) };
    const answer = await ask({ proof: proof({ header, key: thief.privateKey }) });
    expect(codeOf(answer)).toBe('TOKEN_BOUND_ELSEWHERE');
  });

  it('may be used wherever the proof is asked for: the certificate is not looked at', async () => {
    const changes = { proof: proof(), certificateSha256: OTHER_CERTIFICATE };
    expect(codeOf(await ask(changes))).toBe('good');
  });
});

describe('a token that is bound to no key, sent as DPoP,', () => {
  it.each<[string, Claims, string]>([
    ['is refused when bound to the certificate', BOUND, 'TOKEN_PROOF_INVALID'],
    ['is refused when bound to nothing', { cnf: undefined }, 'TOKEN_UNBOUND'],
  ])('%s', async (_, claims, code) => {
    const other = await world.token(claims);
    expect(codeOf(await ask({ proof: proof({ of: other }) }, other))).toBe(code);
  });

  it('is refused also where no binding is asked for', async () => {
    const other = await world.token({ cnf: undefined });
    const issuers = [world.issuer.entry({ binding: 'whenPresent' })];
    const answer = await ask({ proof: proof({ of: other }), issuers }, other);
    expect(codeOf(answer)).toBe('TOKEN_PROOF_INVALID');
  });
});

describe('a proof', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const strong = generateKeyPairSync('rsa', { modulusLength: 2048 });

  it.each<[string, ProofChanges, Partial<PresentedToken>?]>([
    ['of typ application/dpop+jwt', { header: { typ: 'application/DPoP+jwt' } }],
    ['for the same place with a query', { claims: { htu: `${CALLED}?a=1#b` } }],
    [
      'for the same place with its port',
      { claims: { htu: 'https://invoices.acme.test:443/invoices/7' } },
    ],
    [
      'for the same place in other letters',
      { claims: { htu: 'HTTPS://Invoices.ACME.test/invoices/7' } },
    ],
    [
      'for a path with octets in other letters',
      { claims: { htu: `${PUBLIC_URL}/a%2fb` } },
      { path: '/a%2Fb' },
    ],
    ['for another method, as it is called', { claims: { htm: 'DELETE' } }, { method: 'DELETE' }],
    ['of a minute ago', { claims: { iat: now - 60 } }],
    ['of a minute from now', { claims: { iat: now + 60 } }],
    ['with claims that mean nothing here', { claims: { nonce: 'n', foo: [1] } }],
  ])('%s is good', async (_, changes, call) => {
    expect(detailOf(await ask({ proof: proof(changes), ...call }))).toBe('good');
  });

  it.each<[string, ProofChanges]>([
    ['without typ', { header: { typ: undefined } }],
    ['of the type of a token', { header: { typ: 'at+jwt' } }],
    ['with alg none', { header: { alg: 'none' } }],
    ['with the alg of a message code', { header: { alg: 'HS256' } }],
    ['with another alg than its key', { header: { alg: 'ES384' } }],
    ['without a key', { header: { jwk: undefined } }],
    ['with a key that is text', { header: { jwk: 'x' } }],
    ['with a key that is no key', { header: { jwk: { kty: 'EC', crv: 'P-256', x: 'A', y: 'A' } } }],
    ['with its private key', { header: { jwk: privateKey.export({ format: 'jwk' }) } }],
    ['with a shared secret', { header: { alg: 'HS256', jwk: { kty: 'oct', k: 'AAAA' } } }],
    [
      'with a weak key',
      {
        header: { alg: 'RS256', jwk: rsa.publicKey.export({ format: 'jwk' }) },
        key: rsa.privateKey,
      },
    ],
    [
      'with a key that is for another algorithm',
      {
        header: {
          alg: 'RS256',
          jwk: { ...strong.publicKey.export({ format: 'jwk' }), alg: 'PS256' },
        },
        key: strong.privateKey,
      },
    ],
    ['with crit', { header: { crit: ['jwk'] } }],
    ['with x5c', { header: { x5c: [] } }],
    ['with jku', { header: { jku: 'https://evil.test' } }],
    ['signed by another key than it names', { key: p256().privateKey }],
    ['without jti', { claims: { jti: undefined } }],
    ['with a jti that is a number', { claims: { jti: 7 } }],
    ['with a jti that is too long', { claims: { jti: 'a'.repeat(257) } }],
    ['without htm', { claims: { htm: undefined } }],
    ['for another method', { claims: { htm: 'POST' } }],
    ['for the method in other letters', { claims: { htm: 'get' } }],
    ['without htu', { claims: { htu: undefined } }],
    ['for a place that is no URL', { claims: { htu: '/invoices/7' } }],
    ['for a place that is a list', { claims: { htu: [CALLED] } }],
    ['for another path', { claims: { htu: `${PUBLIC_URL}/invoices/8` } }],
    ['for the path and a slash', { claims: { htu: `${CALLED}/` } }],
    ['for another host', { claims: { htu: 'https://other.test/invoices/7' } }],
    ['for another port', { claims: { htu: 'https://invoices.acme.test:8443/invoices/7' } }],
    ['without TLS', { claims: { htu: CALLED.replace('https', 'http') } }],
    ['for a user of the host', { claims: { htu: CALLED.replace('//', '//x@') } }],
    ['without iat', { claims: { iat: undefined } }],
    ['with an iat that is text', { claims: { iat: String(now) } }],
    ['of more than a minute ago', { claims: { iat: now - 60.001 } }],
    ['of more than a minute from now', { claims: { iat: now + 60.001 } }],
    ['without ath', { claims: { ath: undefined } }],
    ['for another token', { of: 'another' }],
    ['with an ath that has padding', { claims: { ath: `${part(Buffer.alloc(32))}=` } }],
  ])('%s is refused', async (_, changes) => {
    expect(codeOf(await ask({ proof: proof(changes) }))).toBe('TOKEN_PROOF_INVALID');
  });

  it.each<[string, () => string]>([
    ['empty', () => ''],
    ['a word', () => 'proof'],
    ['two of them in one field', () => `${proof()}, ${proof()}`],
    ['with padding', () => `${proof()}=`],
    ['with a member twice', () => jws('{"typ":"x","typ":"dpop+jwt"}', '{}', privateKey)],
    ['more than 8 KiB', () => proof({ claims: { more: 'a'.repeat(8000) } })],
  ])('that is %s is refused', async (_, text) => {
    expect(codeOf(await ask({ proof: text() }))).toBe('TOKEN_PROOF_INVALID');
  });

  it('cannot be checked where nobody said how we are called', async () => {
    const nameless = await rig({ publicUrl: undefined });
    const own = await nameless.token({ cnf: { jkt } });
    const answer = await nameless.ask(own, { scheme: 'dpop', proof: proof({ of: own }) });
    expect(codeOf(answer)).toBe('TOKEN_PROOF_INVALID');
    expect(detailOf(answer)).toMatch(/'inbound.publicUrl' is not set/);
  });

  it('that there is no room to remember is refused, however good it is', async () => {
    const used = new UsedProofs({ all: 1, perKey: 1 });
    const context = { now: () => NOW, publicUrl: PUBLIC_URL, used };
    const judged = () =>
      judgeProof(
        { ...presented(token, world.entries), scheme: 'dpop', proof: proof() },
        Buffer.from(jkt, 'base64url'),
        context,
      );
    await expect(judged()).resolves.toBeUndefined();
    await expect(judged()).rejects.toMatchObject({
      code: 'TOKEN_PROOF_INVALID',
      detail: expect.stringMatching(/no room/) as string,
    });
  });

  it('that was refused takes up no room: the same jti may come again and be good', async () => {
    const claims = { jti: 'once' };
    expect(codeOf(await ask({ proof: proof({ claims: { ...claims, htm: 'PUT' } }) }))).not.toBe(
      'good',
    );
    expect(codeOf(await ask({ proof: proof({ claims }) }))).toBe('good');
    expect(codeOf(await ask({ proof: proof({ claims }) }))).toBe('TOKEN_PROOF_INVALID');
  });
});

describe('the memory of used proofs', () => {
  it('knows a proof for as long as it could be good', () => {
    const used = new UsedProofs();
    expect(used.use('key', 'a', 0)).toBe('first');
    expect(used.use('key', 'a', 120_000)).toBe('again');
    expect(used.use('key', 'a', 120_001)).toBe('first');
    expect(used.size).toBe(1);
  });

  it('keeps keys apart: nobody can use up the proof of another', () => {
    const used = new UsedProofs();
    expect([used.use('key', 'a', 0), used.use('other', 'a', 0)]).toEqual(['first', 'first']);
  });

  it('takes no more when it is full, and again when the oldest have gone', () => {
    const used = new UsedProofs({ all: 3, perKey: 2 });
    const answers = ['a', 'b', 'c'].map((id) => used.use('key', id, 0));
    expect(answers).toEqual(['first', 'first', 'full']);
    expect(used.use('other', 'a', 1)).toBe('first');
    expect(used.use('third', 'a', 1)).toBe('full');
    expect(used.use('third', 'a', 120_001)).toBe('first');
    expect(used.size).toBe(2);
  });
});
