import { describe, expect, it } from 'vitest';
import type { Denial } from '../../src/call/index.ts';
import { denialMode, routeMode, type Policy } from '../../src/policy/index.ts';
import { load } from './sample.ts';

const LAST_DAY = Date.parse('2026-09-30T23:59:59.999Z');
const NEXT_DAY = Date.parse('2026-10-01T00:00:00Z');

const routes = `  GET /plain: [s]
  GET /strict: { scopes: [s], mode: enforce }
  GET /loose: { scopes: [s], mode: shadow, until: 2026-09-30 }`;
const enforced = load({ routes });
const shadowed = load({ routes, head: 'mode: shadow\n' });

function modes(policy: Policy, now: number): string[] {
  return policy.routes.map((route) => routeMode(route, now));
}

describe('a route is held', () => {
  it('as the file says, or stricter, or looser up to the last day', () => {
    expect(modes(enforced, LAST_DAY)).toEqual(['enforce', 'enforce', 'shadow']);
    expect(modes(shadowed, LAST_DAY)).toEqual(['shadow', 'enforce', 'shadow']);
  });

  it('strictly after its last day, even if the file only shadows', () => {
    expect(modes(enforced, NEXT_DAY)).toEqual(['enforce', 'enforce', 'enforce']);
    expect(modes(shadowed, NEXT_DAY)).toEqual(['shadow', 'enforce', 'enforce']);
  });

  it('strictly by whoever does not look at the day', () => {
    expect(enforced.routes.map(({ mode }) => mode)).toEqual(['enforce', 'enforce', 'enforce']);
  });

  it('as an override of the file says, unless it says something itself', () => {
    const strict = load({ routes, head: 'mode: shadow\n' }, { mode: 'enforce' });
    expect(modes(strict, NEXT_DAY)).toEqual(['enforce', 'enforce', 'enforce']);
    const loose = load({ routes }, { mode: 'shadow' });
    expect([loose.mode, ...modes(loose, NEXT_DAY)]).toEqual([
      'shadow',
      'shadow',
      'enforce',
      'enforce',
    ]);
  });

  it('as the file when it only repeats the file', () => {
    const same = { routes: '  GET /x: { scopes: [], mode: shadow }', head: 'mode: shadow\n' };
    expect(modes(load(same), 0)).toEqual(['shadow']);
    expect(modes(load(same, { mode: 'enforce' }), 0)).toEqual(['enforce']);
  });
});

describe('a denial is held', () => {
  const denied = (policy: Policy, call: string): Denial => {
    const [method = '', path = ''] = call.split(' ');
    const answer = policy.route({ method, path });
    if ('allowed' in answer) return answer;
    throw new Error('routed');
  };

  it('by the file where no route decided, also if a route is named as the nearest', () => {
    expect(denialMode(shadowed, denied(shadowed, 'GET /none'), NEXT_DAY)).toBe('shadow');
    expect(denialMode(shadowed, denied(shadowed, 'GET /strict/x'), NEXT_DAY)).toBe('shadow');
    expect(denialMode(enforced, denied(enforced, 'GET /loose/x'), 0)).toBe('enforce');
  });

  it('by the strictest line of the path where the method is not listed', () => {
    const policy = load({
      routes: '  GET /x: []\n  PUT /x: { scopes: [], mode: enforce }\n  DELETE /x: []',
      head: 'mode: shadow\n',
    });
    expect(denialMode(policy, denied(policy, 'POST /x'), 0)).toBe('enforce');
    expect(denialMode(enforced, denied(enforced, 'POST /loose'), LAST_DAY)).toBe('shadow');
    expect(denialMode(enforced, denied(enforced, 'POST /loose'), NEXT_DAY)).toBe('enforce');
  });
});
