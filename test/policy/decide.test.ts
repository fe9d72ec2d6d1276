import { describe, expect, it } from 'vitest';
import type { AgentEntry, RouteEntry } from '../../src/call/index.ts';
import { load, routed } from './sample.ts';

const sections = {
  agents: `  all: ['a:*', b]
  some: [a:r]
  near: [a]
  off: { scopes: ['a:*', b], disabled: true }`,
  routes: `  GET /open: []
  GET /read: [a:r]
  GET /deep: [a:r:x]
  GET /both: [a:r, b]
  GET /word: [a]
  GET /like: [ab:r]`,
};
const policy = load(sections);
const agent = (name: string): AgentEntry => policy.agentNamed(name)!;
const route = (name: string): RouteEntry => policy.routes.find((one) => one.name === name)!;

describe('an agent', () => {
  it.each([
    ['all', 'GET /open', []],
    ['some', 'GET /open', []],
    ['near', 'GET /open', []],
    ['all', 'GET /read', []],
    ['some', 'GET /read', []],
    ['near', 'GET /read', ['a:r']],
    ['all', 'GET /deep', []],
    ['some', 'GET /deep', ['a:r:x']],
    ['all', 'GET /both', []],
    ['some', 'GET /both', ['b']],
    ['near', 'GET /both', ['a:r', 'b']],
    ['all', 'GET /word', ['a']],
    ['near', 'GET /word', []],
    ['all', 'GET /like', ['ab:r']],
  ])('%s at %s lacks %j', (name, routeName, missing) => {
    const decision = policy.decide(agent(name), route(routeName));
    if (missing.length === 0) return expect(decision).toMatchObject({ allowed: true });
    expect(decision).toMatchObject({
      code: 'SCOPE_MISSING',
      missingScopes: missing,
      missing: missing.join(' '),
      rule: { name: routeName },
      nearest: false,
    });
  });

  it('that is disabled is refused everywhere, whatever it holds', () => {
    for (const one of policy.routes)
      expect(policy.decide(agent('off'), one)).toMatchObject({ code: 'AGENT_DISABLED' });
  });

  it('is allowed without an allocation: the same answer is the same object', () => {
    const first = policy.decide(agent('all'), route('GET /read'));
    expect(policy.decide(agent('some'), route('GET /read'))).toBe(first);
  });

  it('or a route of another policy, be it the same file loaded twice, is denied', () => {
    const other = load(sections);
    const stranger = other.agentNamed('all')!;
    const copy = { ...agent('all') };
    expect(policy.decide(stranger, route('GET /open'))).toMatchObject({ code: 'UNKNOWN_AGENT' });
    expect(policy.decide(copy, route('GET /open'))).toMatchObject({ code: 'UNKNOWN_AGENT' });
    expect(policy.decide(agent('all'), other.routes[0]!)).toMatchObject({ code: 'NO_ROUTE' });
    expect(policy.decide(agent('all'), { ...route('GET /open') })).toMatchObject({
      code: 'NO_ROUTE',
    });
  });
});

describe('a policy without routes', () => {
  it('denies everything', () => {
    for (const path of ['/', '/a', '', '/a/b/'])
      expect(routed(load({}), `GET ${path}`)).toBe('NO_ROUTE');
  });
});
