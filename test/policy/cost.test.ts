import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Policy } from '../../src/policy/index.ts';
import { routed, routesOnly } from './sample.ts';

/** How often the policy looks something up to answer: what the cost of a call is made of, on any machine. */
function lookups(policy: Policy, path: string): number {
  const spy = vi.spyOn(Map.prototype, 'get');
  policy.route({ method: 'GET', path });
  const count = spy.mock.calls.length;
  spy.mockRestore();
  return count;
}

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);

afterEach(() => vi.restoreAllMocks());

describe('the cost of routing', () => {
  it('does not grow with routes that do not match', () => {
    const own = ['GET /api/{id}/x', 'GET /api/{id}/**', 'GET /files/a'];
    const few = routesOnly(...own);
    const many = routesOnly(
      ...own,
      ...numbers(2000).map((n) => `GET /api-${n}/{id}`),
      ...numbers(2000).map((n) => `GET /files/b${n}`),
    );
    for (const path of ['/api/7/x', '/api/7/y/z', '/files/a', '/files/none', '/none'])
      expect(lookups(many, path), path).toBe(lookups(few, path));
  });

  it('is not exponential in depth where every segment could be read in two ways', () => {
    const depth = 24;
    // {p0}/a/a/.../end, a/{p1}/a/.../end, and so on: all of them stay possible up to the last segment.
    const templates = numbers(depth).map((at) => {
      const parts = numbers(depth).map((n) => (n === at ? `{p${n}}` : 'a'));
      return `GET /${parts.join('/')}/end`;
    });
    const policy = routesOnly(...templates);
    const path = `/${'a/'.repeat(depth)}none`;
    expect(routed(policy, `GET ${path}`)).toBe('NO_ROUTE');
    expect(lookups(policy, path)).toBeLessThan(3 * depth * depth);
  });

  it('is bounded by what the file says, even if the file says everything', () => {
    const depth = 8;
    const all = numbers(2 ** depth).map((bits) =>
      numbers(depth)
        .map((n) => ((bits >> n) & 1 ? 'a' : `{p${n}}`))
        .join('/'),
    );
    const policy = routesOnly(...all.map((template) => `GET /${template}/end`));
    // Once for the answer, once for the nearest route, once for what folding would make of it.
    expect(lookups(policy, `/${'a/'.repeat(depth)}none`)).toBeLessThan(3 * 2 ** (depth + 1) + 3);
  });

  it('does not grow with the length of a path beyond the longest template', () => {
    const policy = routesOnly('GET /a/{b}/c', 'GET /a/**');
    const short = lookups(policy, '/a/b/c/d');
    expect(lookups(policy, `/a/b/c${'/d'.repeat(4000)}`)).toBe(short);
  });
});
