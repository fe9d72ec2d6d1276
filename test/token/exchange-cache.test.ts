import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Refusal } from '../../src/call/index.ts';
import { Secret } from '../../src/lib/index.ts';
import { TokenCache, type GrantedToken, type TokenWish } from '../../src/token/index.ts';

const WISH: TokenWish = {
  clientId: 'spiffe://acme.test/agent/planner',
  audience: 'spiffe://acme.test/agent/billing',
  scopes: ['invoices:read'],
  subjectToken: undefined,
};
const NEVER = Infinity;

function rig(options: { lifetime?: number; cap?: number } = {}) {
  const clock = { now: 1_000_000, tick: 0, asked: 0 };
  let answer = (): Promise<GrantedToken> => {
    const token = new Secret(`token-${clock.asked}`);
    return Promise.resolve({ token, lifetime: options.lifetime ?? 300_000 });
  };
  const cache = new TokenCache({
    ask: () => {
      clock.asked += 1;
      return answer();
    },
    now: () => clock.now,
    tick: () => clock.tick,
    ...(options.cap === undefined ? {} : { cap: options.cap }),
  });
  const get = async (changes: Partial<TokenWish> = {}, until = NEVER) =>
    (await cache.get({ ...WISH, ...changes }, until)).reveal();
  // A refusal is no Error, and nobody foresees another reason.
  const fails = (refusal: Refusal) =>
    (answer = async () => {
      await Promise.resolve();
      throw refusal;
    });
  const pass = (milliseconds: number) => {
    clock.now += milliseconds;
    clock.tick += milliseconds;
  };
  return { cache, clock, get, fails, pass };
}

describe('tokens that were had', () => {
  it('are used again until shortly before they end', async () => {
    const { get, pass } = rig();
    expect(await get()).toBe('token-1');
    pass(289_999);
    expect(await get()).toBe('token-1');
    pass(1);
    expect(await get()).toBe('token-2');
  });

  it('end with our certificate, or the token that they were exchanged for', async () => {
    const { get, pass, clock } = rig();
    const until = clock.now + 5000;
    expect(await get({}, until)).toBe('token-1');
    pass(4999);
    expect(await get({}, until)).toBe('token-1');
    pass(1);
    expect(await get({}, until)).toBe('token-2');
  });

  it('do not live longer because the clock was set back', async () => {
    const { get, clock, pass } = rig();
    expect(await get()).toBe('token-1');
    clock.now -= 3_600_000;
    pass(290_000);
    expect(await get()).toBe('token-2');
  });

  it('are for one call only if hardly anything is left of them', async () => {
    const { get, cache } = rig({ lifetime: 10_000 });
    expect([await get(), await get()]).toEqual(['token-1', 'token-2']);
    expect(cache.size).toBe(0);
  });

  const others: readonly [string, Partial<TokenWish>][] = [
    ['another audience', { audience: 'spiffe://acme.test/agent/ledger' }],
    ['more scopes', { scopes: ['invoices:read', 'invoices:write'] }],
    ['two scopes whose text is one', { scopes: ['invoices:read","x'] }],
    ['another client', { clientId: 'spiffe://acme.test/agent/billing' }],
    ['a subject', { subjectToken: new Secret('alice') }],
    ['a grant', { taskGrant: 'task-1' }],
  ];

  it.each(others)('are not used for %s', async (_, changes) => {
    const { get } = rig();
    expect(await get()).toBe('token-1');
    expect(await get(changes)).toBe('token-2');
  });

  it('of one subject are never used for another', async () => {
    const { get } = rig();
    const of = (token: string) => get({ subjectToken: new Secret(token) });
    expect(await Promise.all([of('alice'), of('bob'), of('alice'), of('bob')])).toEqual(
      ['token-1', 'token-2', 'token-1', 'token-2'].map(() => expect.any(String) as string),
    );
    expect(await of('alice')).not.toBe(await of('bob'));
  });

  it('of one grant are never used for another, nor for a token that says the same', async () => {
    const { get } = rig();
    const wishes: Partial<TokenWish>[] = [
      { taskGrant: 'task-1' },
      { taskGrant: 'task-2' },
      { subjectToken: new Secret('task-1') },
      { taskGrant: createHash('sha256').update('task-1').digest('base64url') },
    ];
    const first = await Promise.all(wishes.map((wish) => get(wish)));
    expect(new Set(first).size).toBe(4);
    expect(await Promise.all(wishes.map((wish) => get(wish)))).toEqual(first);
  });

  it('are asked for once, however many wait', async () => {
    const { get, clock } = rig();
    const all = await Promise.all(Array.from({ length: 50 }, () => get()));
    expect(new Set(all)).toEqual(new Set(['token-1']));
    expect(clock.asked).toBe(1);
  });

  it('are asked for anew after a refusal, which all who waited get', async () => {
    const { get, fails, clock } = rig();
    const refusal = new Refusal('EXCHANGE_REFUSED', 'invalid_scope');
    fails(refusal);
    const both = await Promise.allSettled([get(), get()]);
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await expect(get()).rejects.toBe(refusal);
    expect(clock.asked).toBe(2);
  });

  it('are bounded: the oldest goes', async () => {
    const { get, cache } = rig({ cap: 100 });
    for (let i = 0; i < 1000; i++) await get({ subjectToken: new Secret(`subject-${i}`) });
    expect(cache.size).toBe(100);
    expect(await get({ subjectToken: new Secret('subject-999') })).toBe('token-1000');
    expect(await get({ subjectToken: new Secret('subject-0') })).toBe('token-1001');
  });
});
