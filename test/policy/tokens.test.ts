import { describe, expect, it } from 'vitest';
import type { Decision } from '../../src/call/index.ts';
import { load } from './sample.ts';
import { tokenOf, type TokenWords } from './tokens.ts';

const sections = {
  head: `issuers:
  sts: { issuer: https://sts.test, keys: { file: a.json } }
  idp: { issuer: https://idp.test, keys: { file: b.json }, narrows: true }
`,
  agents: `  portal: { scopes: [r], clients: { idp: [portal-client] } }
  planner: [r]
  billing: [r, w]
  off: { scopes: [r, w], disabled: true }`,
  routes: `  GET /plain: [r]
  GET /pass: { scopes: [r], authorization: pass }
  GET /own: { scopes: [r], token: required }
  GET /maybe: { scopes: [r], token: optional, withoutToken: [r] }
  GET /more: { scopes: [r, w], token: optional, withoutToken: [r] }
  POST /refunds: { scopes: [w], onBehalfOf: required }
  GET /either: { scopes: [r], token: required, onBehalfOf: allowed, withoutToken: [] }
  GET /both: { scopes: [r, w], token: required, onBehalfOf: allowed, withoutToken: [r] }
  GET /some: { scopes: [r], onBehalfOf: required, subjects: { sts: [alice, 'team-*'], idp: ['*'] } }
  GET /short: { scopes: [r], onBehalfOf: required, maxDepth: 1 }
  GET /via: { scopes: [r], onBehalfOf: required, via: [planner] }
  GET /loops: { scopes: [r], onBehalfOf: required, loops: allow, maxDepth: 5 }
  GET /any: { scopes: [], onBehalfOf: required }`,
};
const policy = load(sections);

function decide(routeName: string, by: string, words?: Omit<TokenWords, 'by'>): Decision {
  const route = policy.routes.find(({ name }) => name === routeName)!;
  const token = words && tokenOf(policy, { by, ...words });
  return policy.decide(policy.agentNamed(by)!, route, token);
}

function code(...asked: Parameters<typeof decide>): string {
  const decision = decide(...asked);
  return decision.allowed ? 'OK' : decision.code;
}

const R = ['r'];
const RW = ['r', 'w'];
const chain = (...act: string[]) => ({ for: 'sts/alice', scopes: RW, act });

describe('a route', () => {
  it.each<[string, string, Omit<TokenWords, 'by'> | undefined, string]>([
    ['GET /plain', 'billing', undefined, 'OK'],
    ['GET /plain', 'billing', { scopes: R }, 'TOKEN_NOT_TAKEN'],
    ['GET /pass', 'billing', undefined, 'OK'],
    ['GET /pass', 'billing', { scopes: [] }, 'OK'],
    ['GET /own', 'billing', undefined, 'TOKEN_MISSING'],
    ['GET /own', 'billing', { scopes: R }, 'OK'],
    ['GET /own', 'billing', { scopes: [] }, 'SCOPE_MISSING'],
    ['GET /own', 'billing', { scopes: ['r:*', '*', 'R'] }, 'SCOPE_MISSING'],
    ['GET /own', 'billing', { scopes: R, for: 'sts/alice' }, 'DELEGATION_FORBIDDEN'],
    ['GET /own', 'billing', { scopes: R, for: 'planner' }, 'DELEGATION_FORBIDDEN'],
    ['GET /maybe', 'billing', undefined, 'OK'],
    ['GET /maybe', 'billing', { scopes: [] }, 'OK'],
    ['GET /maybe', 'billing', { scopes: R, for: 'sts/alice' }, 'DELEGATION_FORBIDDEN'],
    ['GET /more', 'billing', undefined, 'TOKEN_MISSING'],
    ['GET /more', 'planner', undefined, 'SCOPE_MISSING'],
    ['GET /more', 'billing', { scopes: ['w'] }, 'OK'],
    ['GET /more', 'billing', { scopes: R }, 'SCOPE_MISSING'],
    ['POST /refunds', 'billing', undefined, 'TOKEN_MISSING'],
    ['POST /refunds', 'billing', { scopes: RW }, 'DELEGATION_REQUIRED'],
    ['POST /refunds', 'billing', { scopes: RW, for: 'sts/alice' }, 'OK'],
    ['POST /refunds', 'billing', { scopes: R, for: 'sts/alice' }, 'SCOPE_MISSING'],
    ['POST /refunds', 'planner', { scopes: RW, for: 'sts/alice' }, 'SCOPE_MISSING'],
    ['GET /either', 'billing', { scopes: RW }, 'DELEGATION_REQUIRED'],
    ['GET /either', 'billing', { scopes: R, for: 'sts/alice' }, 'OK'],
    ['GET /both', 'billing', { scopes: RW }, 'DELEGATION_REQUIRED'],
    ['GET /both', 'billing', { scopes: RW, for: 'sts/alice' }, 'OK'],
    ['GET /both', 'billing', { scopes: R, for: 'sts/alice' }, 'SCOPE_MISSING'],
    ['GET /any', 'billing', { for: 'sts/alice' }, 'OK'],
    ['GET /any', 'billing', {}, 'DELEGATION_REQUIRED'],
  ])('%s, called by %s with %j: %s', (route, by, words, expected) => {
    expect(code(route, by, words)).toBe(expected);
  });

  it.each([
    ['sts/alice', 'OK'],
    ['sts/alicea', 'DELEGATION_SUBJECT_REFUSED'],
    ['sts/Alice', 'DELEGATION_SUBJECT_REFUSED'],
    ['sts/team-', 'OK'],
    ['sts/team-a', 'OK'],
    ['sts/team', 'DELEGATION_SUBJECT_REFUSED'],
    ['idp/alice', 'OK'],
    ['idp/anybody', 'OK'],
    ['portal', 'DELEGATION_SUBJECT_REFUSED'],
    ['alice', 'DELEGATION_SUBJECT_REFUSED'],
  ])('with subjects, on behalf of %s: %s', (subject, expected) => {
    expect(code('GET /some', 'billing', { for: subject, scopes: R })).toBe(expected);
  });

  it('of no subjects takes nobody whose issuer is not listed', () => {
    expect(code('GET /any', 'billing', { for: 'alice' })).toBe('DELEGATION_SUBJECT_REFUSED');
  });
});

describe('a chain', () => {
  it.each<[string, readonly string[], string]>([
    ['GET /short', ['billing'], 'OK'],
    ['GET /short', ['billing', 'planner'], 'DELEGATION_TOO_DEEP'],
    ['GET /loops', ['billing', 'planner', 'portal', 'planner', 'billing'], 'OK'],
    ['GET /any', ['billing', 'planner', 'portal'], 'OK'],
    ['GET /any', ['billing', 'planner', 'billing'], 'DELEGATION_LOOP'],
    ['GET /any', ['billing', 'planner', 'planner'], 'DELEGATION_LOOP'],
    ['GET /any', ['billing', 'planner', 'portal', 'planner', 'x'], 'DELEGATION_TOO_DEEP'],
    ['GET /any', ['billing', 'portal', 'idp/portal-client'], 'DELEGATION_LOOP'],
    ['GET /any', ['billing', 'off'], 'DELEGATION_ACTOR_REFUSED'],
    ['GET /any', ['billing', 'planner', 'off'], 'DELEGATION_ACTOR_REFUSED'],
    ['GET /any', ['billing', 'sts/somebody'], 'DELEGATION_ACTOR_REFUSED'],
    ['GET /any', ['billing', 'elsewhere'], 'DELEGATION_ACTOR_REFUSED'],
    ['GET /any', ['billing', 'sts/portal-client'], 'DELEGATION_ACTOR_REFUSED'],
    ['GET /any', ['billing', 'idp/portal-client'], 'OK'],
    ['GET /via', ['billing'], 'OK'],
    ['GET /via', ['billing', 'planner'], 'OK'],
    ['GET /via', ['billing', 'portal'], 'DELEGATION_ACTOR_REFUSED'],
    ['GET /via', ['billing', 'planner', 'portal'], 'DELEGATION_ACTOR_REFUSED'],
    ['POST /refunds', ['billing'], 'OK'],
    ['POST /refunds', ['billing', 'planner'], 'SCOPE_MISSING'],
  ])('at %s of %j: %s', (route, act, expected) => {
    expect(code(route, 'billing', chain(...act))).toBe(expected);
  });

  it('by an issuer that narrows needs no scopes of those in it, and still nobody who is disabled', () => {
    const narrowed = (...act: string[]) =>
      code('POST /refunds', 'billing', { of: 'idp', for: 'idp/alice', scopes: RW, act });
    expect(narrowed('billing', 'planner')).toBe('OK');
    expect(narrowed('billing', 'idp/somebody')).toBe('OK');
    expect(narrowed('billing', 'planner', 'off')).toBe('DELEGATION_ACTOR_REFUSED');
    const via = { of: 'idp', for: 'idp/a', scopes: R, act: ['billing', 'idp/somebody'] };
    expect(code('GET /via', 'billing', via)).toBe('DELEGATION_ACTOR_REFUSED');
  });

  it('with an agent as its subject never gives more than that agent may do itself', () => {
    expect(code('POST /refunds', 'billing', { for: 'portal', scopes: RW })).toBe('SCOPE_MISSING');
    expect(code('GET /any', 'billing', { for: 'off', scopes: RW })).toBe(
      'DELEGATION_ACTOR_REFUSED',
    );
  });

  it('that comes round to its subject is a loop, and one that begins with it is none', () => {
    const round = { for: 'portal', scopes: R };
    expect(code('GET /any', 'planner', { ...round, act: ['planner', 'portal'] })).toBe('OK');
    expect(code('GET /any', 'planner', { ...round, act: ['planner', 'portal', 'billing'] })).toBe(
      'DELEGATION_LOOP',
    );
  });

  it('is no stricter for what needs neither token nor subject', () => {
    const weak = { for: 'sts/alice', act: ['billing', 'planner'], scopes: R };
    const own = { scopes: R };
    const reading = load({
      ...sections,
      agents: sections.agents.replace('planner: [r]', 'planner: []'),
      routes: `  GET /r: { scopes: [r], token: required, onBehalfOf: allowed, withoutToken: [r] }`,
    });
    const answer = (words: Omit<TokenWords, 'by'>) =>
      reading.decide(
        reading.agentNamed('billing')!,
        reading.routes[0]!,
        tokenOf(reading, { by: 'billing', ...words }),
      );
    expect([answer(own).allowed, answer(weak).allowed]).toEqual([true, true]);
    expect(answer({ for: 'sts/alice', scopes: [] }).allowed).toBe(false);
  });
});

describe('a denial says whose', () => {
  it.each<[string, string, Omit<TokenWords, 'by'>, string, string]>([
    [
      'POST /refunds',
      'billing',
      { for: 'sts/alice', scopes: R },
      'sts/alice',
      `w is granted to billing, but alice's token has only r`,
    ],
    [
      'GET /both',
      'billing',
      { for: 'portal' },
      'portal',
      `r and w are granted to billing, but portal's token has no scope`,
    ],
    ['GET /own', 'billing', {}, 'billing', `r is granted to billing, but its token has no scope`],
    [
      'POST /refunds',
      'billing',
      chain('billing', 'planner'),
      'planner',
      `w is granted to billing and in alice's token, but planner, who stands in its chain, holds only r`,
    ],
    [
      'POST /refunds',
      'planner',
      { for: 'sts/alice', scopes: RW },
      'planner',
      'w is not granted to planner',
    ],
    [
      'GET /any',
      'billing',
      chain('billing', 'off'),
      'off',
      'a chain of those who may act here: off is disabled',
    ],
    [
      'GET /some',
      'billing',
      { for: 'sts/bob', scopes: R },
      'sts/bob',
      'sts/bob among the subjects of the route',
    ],
  ])('%s, %s with %j: %s', (route, by, words, whose, missing) => {
    expect(decide(route, by, words)).toMatchObject({ whose, missing, nearest: false });
  });

  it('and tells the caller of no scope but those that it could be given', () => {
    expect(decide('GET /both', 'billing', { for: 'sts/alice', scopes: R })).toMatchObject({
      missingScopes: ['w'],
    });
    expect(decide('POST /refunds', 'billing', {})).toMatchObject({ missingScopes: [] });
  });
});

describe('a token', () => {
  const route = policy.routes.find(({ name }) => name === 'GET /any')!;
  const billing = policy.agentNamed('billing')!;
  const token = tokenOf(policy, { by: 'billing', for: 'sts/alice' });

  it('that was issued to another agent is refused, whoever sends it', () => {
    expect(policy.decide(policy.agentNamed('planner')!, route, token)).toMatchObject({
      code: 'TOKEN_WRONG_PRESENTER',
      whose: 'billing',
    });
  });

  it('is allowed without an allocation: the same answer is the same object', () => {
    expect(policy.decide(billing, route, token)).toBe(
      policy.decide(billing, route, tokenOf(policy, { by: 'billing', for: 'sts/bob' })),
    );
  });

  it('outlives a reload as long as its issuer is believed in the same way', () => {
    const after = (head: string) => {
      const next = load({ ...sections, head });
      const decision = next.decide(
        next.agentNamed('billing')!,
        next.routes.find(({ name }) => name === 'GET /any')!,
        token,
      );
      return decision.allowed ? 'OK' : decision.code;
    };
    expect(after(`# moved\n${sections.head}`)).toBe('OK');
    expect(after(sections.head.replace('a.json', 'c.json'))).toBe('TOKEN_UNTRUSTED');
    expect(after(sections.head.replace('a.json }', 'a.json }, audiences: [x]'))).toBe(
      'TOKEN_UNTRUSTED',
    );
    expect(after(sections.head.replace('https://sts.test', 'https://st.test'))).toBe(
      'TOKEN_UNTRUSTED',
    );
  });

  it('is narrowed as the policy in force says, not as the one that it was verified by', () => {
    const act = ['billing', 'planner'];
    const trusted = tokenOf(policy, { of: 'idp', by: 'billing', for: 'idp/a', scopes: RW, act });
    const next = load({ ...sections, head: sections.head.replace(', narrows: true', '') });
    const refunds = next.routes.find(({ name }) => name === 'POST /refunds')!;
    expect(next.decide(next.agentNamed('billing')!, refunds, trusted)).toMatchObject({
      code: 'SCOPE_MISSING',
      whose: 'planner',
    });
  });
});
