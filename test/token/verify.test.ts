import { describe, expect, it } from 'vitest';
import type { PresentedToken } from '../../src/call/index.ts';
import { Secret } from '../../src/lib/index.ts';
import { RecentlySeen } from '../../src/token/recently-seen.ts';
import {
  generateSigningKey,
  publicJwks,
  signAccessToken,
  type SigningKey,
} from '../../src/token/index.ts';
import { garbageCollector } from '../support/garbage.ts';
import { claimsOf } from '../support/issuer.ts';
import {
  codeOf,
  headerOf,
  jws,
  NOW,
  OTHER_CERTIFICATE,
  payloadOf,
  presented,
  privateKeyOf,
  PUBLIC_URL,
  rig,
  type RigOptions,
} from './rig.ts';

const MINUTE = 60_000;

describe('a token that is remembered', () => {
  it('is at hand at once, and means the same', async () => {
    const { ask, token, verifier, entries } = await rig();
    const text = await token();
    const cold = await ask(text);
    const warm = verifier.verify(presented(text, entries));
    expect(codeOf(cold)).toBe('good');
    expect(warm).not.toBeInstanceOf(Promise);
    expect(warm).toEqual(cold);
  });

  it('is refused to the thief who shows another certificate, and is still good for its owner', async () => {
    const { ask, token } = await rig();
    const text = await token();
    expect(codeOf(await ask(text))).toBe('good');
    const stolen = await ask(text, { certificateSha256: OTHER_CERTIFICATE });
    expect(codeOf(stolen)).toBe('TOKEN_BOUND_ELSEWHERE');
    expect(codeOf(await ask(text))).toBe('good');
  });

  it.each(['', 'x', '00', 'ab'.repeat(33)])('is refused with the fingerprint "%s"', async (hex) => {
    const { ask, token } = await rig();
    const text = await token();
    expect(codeOf(await ask(text))).toBe('good');
    expect(codeOf(await ask(text, { certificateSha256: hex }))).toBe('TOKEN_BOUND_ELSEWHERE');
  });

  it('ends when it ends', async () => {
    const { ask, pass, token } = await rig();
    const text = await token();
    expect(codeOf(await ask(text))).toBe('good');
    pass(5 * MINUTE - 1);
    expect(codeOf(await ask(text))).toBe('good');
    pass(1);
    expect(codeOf(await ask(text))).toBe('TOKEN_EXPIRED');
  });

  it('is judged by the entry of the policy that the call has', async () => {
    const { ask, issuer, token } = await rig();
    const text = await token({ nbf: NOW / 1000 });
    expect(codeOf(await ask(text))).toBe('good');
    const withEntry = (changes: object) => ask(text, { issuers: [issuer.entry(changes)] });
    expect(codeOf(await withEntry({ audiences: ['https://x.test'] }))).toBe('TOKEN_WRONG_AUDIENCE');
    expect(codeOf(await withEntry({ algorithms: ['RS256'] }))).toBe('TOKEN_UNTRUSTED');
    expect(codeOf(await withEntry({ clientClaim: 'azp' }))).toBe('TOKEN_MALFORMED');
    expect(codeOf(await ask(text, { issuers: [] }))).toBe('TOKEN_UNTRUSTED');
    expect(codeOf(await ask(text))).toBe('good');
  });

  it('is held against our own ID as it is now', async () => {
    let own = PUBLIC_URL;
    const { ask, token } = await rig({ entry: { audiences: [] }, ownSpiffeId: () => own });
    const text = await token();
    expect(codeOf(await ask(text))).toBe('good');
    own = 'spiffe://acme.test/agent/renamed';
    expect(codeOf(await ask(text))).toBe('TOKEN_WRONG_AUDIENCE');
  });

  it('is forgotten when something was reloaded', async () => {
    const { ask, token, verifier } = await rig();
    const text = await token();
    expect(codeOf(await ask(text))).toBe('good');
    expect(verifier.size).toBe(1);
    verifier.clear();
    expect(verifier.size).toBe(0);
    expect(codeOf(await ask(text))).toBe('good');
  });

  it('is one of a bounded number', async () => {
    const { ask, token, verifier } = await rig({ remembered: 10 });
    for (let n = 0; n < 50; n++) expect(codeOf(await ask(await token()))).toBe('good');
    expect(verifier.size).toBeLessThanOrEqual(10);
  });

  it('is none that was refused for its signature or its claims', async () => {
    const { ask, token, verifier } = await rig();
    const text = await token();
    expect(codeOf(await ask(`${text.slice(0, -4)}AAAA`))).toBe('TOKEN_UNTRUSTED');
    expect(codeOf(await ask(await token({ sub: undefined })))).toBe('TOKEN_MALFORMED');
    expect(verifier.size).toBe(0);
  });
});

describe('a token that comes as the same object again', () => {
  /** It has come three times: the first is verified, the second found by its hash, the third by what it is. */
  async function worn(options?: RigOptions) {
    const world = await rig(options);
    const token = new Secret(await world.token());
    const again = async (changes?: Partial<PresentedToken>) =>
      codeOf(await world.ask('', { token, ...changes }));
    for (let n = 0; n < 3; n++) expect(await again()).toBe('good');
    return { ...world, again };
  }

  it('is refused to the thief who shows another certificate', async () => {
    const { again } = await worn();
    expect(await again({ certificateSha256: OTHER_CERTIFICATE })).toBe('TOKEN_BOUND_ELSEWHERE');
    expect(await again({ scheme: 'dpop' })).toBe('TOKEN_PROOF_INVALID');
    expect(await again()).toBe('good');
  });

  it('ends when it ends', async () => {
    const { again, pass } = await worn();
    pass(5 * MINUTE - 1);
    expect(await again()).toBe('good');
    pass(1);
    expect(await again()).toBe('TOKEN_EXPIRED');
  });

  it('is judged by the entry of the policy that the call has, and by our ID as it is now', async () => {
    let own = PUBLIC_URL;
    const { again, issuer } = await worn({ entry: { audiences: [] }, ownSpiffeId: () => own });
    const withEntry = (changes: object) => again({ issuers: [issuer.entry(changes)] });
    expect(await withEntry({ audiences: ['https://x.test'] })).toBe('TOKEN_WRONG_AUDIENCE');
    expect(await withEntry({ algorithms: ['RS256'] })).toBe('TOKEN_UNTRUSTED');
    expect(await again({ issuers: [] })).toBe('TOKEN_UNTRUSTED');
    expect(await again()).toBe('good');
    own = 'spiffe://acme.test/agent/renamed';
    expect(await again()).toBe('TOKEN_WRONG_AUDIENCE');
  });

  it('is worth nothing once its key was withdrawn', async () => {
    const { again, entries, issuer, verifier } = await worn();
    issuer.publish();
    await verifier.refresh(entries);
    expect(await again()).toBe('TOKEN_UNTRUSTED');
  });

  it('is verified anew when something was reloaded', async () => {
    const { again, verifier } = await worn();
    verifier.clear();
    expect(await again()).toBe('good');
    expect(verifier.size).toBe(1);
  });
});

describe('10,000 different tokens', () => {
  const DIFFERENT = 10_000;
  const AT_A_TIME = 200;
  const REMEMBERED = 4096;
  /** What one that is remembered may take, in bytes of heap. */
  const MOST = 4096;
  const collect = garbageCollector();

  it(
    'leave no more in memory than is remembered, and nothing once that is forgotten',
    { timeout: 120_000 },
    async () => {
      const { ask, issuer, verifier } = await rig();
      const key = privateKeyOf(issuer.key);
      const told: WeakRef<object>[] = [];
      // In a function of its own, so that no variable here keeps one.
      const come = async (n: number) => {
        const answer = await ask(jws(headerOf(issuer.key), payloadOf({ jti: `t${n}` }), key));
        expect(codeOf(answer)).toBe('good');
        told.push(new WeakRef(answer));
      };
      for (let n = 0; n < DIFFERENT; n += AT_A_TIME) {
        await Promise.all(Array.from({ length: AT_A_TIME }, (_, one) => come(n + one)));
        expect(verifier.size).toBeLessThanOrEqual(REMEMBERED);
      }
      const inMemory = () => told.filter((one) => one.deref() !== undefined).length;
      const full = await collect();
      expect(inMemory()).toBeGreaterThan(REMEMBERED / 4);
      await collect();
      expect(inMemory()).toBeLessThanOrEqual(REMEMBERED + 1);
      verifier.clear();
      const empty = await collect();
      expect(inMemory()).toBeLessThanOrEqual(1);
      expect(full - empty).toBeLessThan(REMEMBERED * MOST);
    },
  );
});

describe('what nobody foresaw', () => {
  it('while a token is judged refuses, cold and warm', async () => {
    const ownSpiffeId = () => {
      throw new Error('broken');
    };
    const { ask, entries, token, verifier } = await rig({ entry: { audiences: [] }, ownSpiffeId });
    const text = await token();
    expect(codeOf(await ask(text))).toBe('INTERNAL');
    const warm = verifier.verify(presented(text, entries));
    expect(codeOf(await warm)).toBe('INTERNAL');
  });

  it('in how it was asked refuses as well', async () => {
    const { ask, token } = await rig();
    const broken = { issuers: undefined as never };
    expect(codeOf(await ask(await token(), broken))).toBe('INTERNAL');
    expect(codeOf(await ask('', { token: undefined as never }))).toBe('INTERNAL');
    expect(codeOf(await ask('', { token: new Secret(undefined as never) }))).toBe('INTERNAL');
  });
});

describe('what was seen lately', () => {
  it('stays for as long as it is asked for, and goes when it is not', () => {
    const seen = new RecentlySeen<number>(4);
    seen.set('kept', 0);
    for (let n = 1; n <= 20; n++) {
      seen.set(`k${n}`, n);
      expect(seen.get('kept')).toBe(0);
      expect(seen.size).toBeLessThanOrEqual(4);
    }
    expect(seen.get('k1')).toBeUndefined();
    expect(seen.get('k20')).toBe(20);
  });
});

describe('a signing key', () => {
  it('is published without what only it may know', async () => {
    const keys = [await generateSigningKey(), await generateSigningKey()];
    const published = publicJwks(keys);
    expect(published.keys.map(({ kid }) => kid)).toEqual(keys.map(({ kid }) => kid));
    for (const [n, { d }] of keys.entries()) {
      expect(Object.keys(published.keys[n]!).toSorted()).toEqual([
        'alg',
        'crv',
        'kid',
        'kty',
        'use',
        'x',
        'y',
      ]);
      expect(JSON.stringify(published)).not.toContain(d);
    }
  });

  it('has a name of its own each time, and signs after it was written down and read again', async () => {
    const [one, two] = [await generateSigningKey(), await generateSigningKey()];
    expect(one.kid).not.toBe(two.kid);
    const read = JSON.parse(JSON.stringify(one)) as SigningKey;
    const token = await signAccessToken(claimsOf('https://a.test', PUBLIC_URL), read);
    const [header] = token.split('.');
    expect(JSON.parse(Buffer.from(header ?? '', 'base64url').toString())).toEqual({
      typ: 'at+jwt',
      alg: 'ES256',
      kid: one.kid,
    });
  });

  it.each([{ d: undefined }, { x: 'AAAA' }])(
    'that is broken signs nothing: %j',
    async (changes) => {
      const key = { ...(await generateSigningKey()), ...changes } as SigningKey;
      const signing = signAccessToken(claimsOf('https://a.test', PUBLIC_URL), key);
      await expect(signing).rejects.toThrow();
    },
  );
});
