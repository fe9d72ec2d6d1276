import { describe, expect, it } from 'vitest';
import { world } from '../support/harness.ts';

const ROWS: [string, { as: string; method?: string; path: string }, number, string][] = [
  ['beyond its scopes', { as: 'planner', method: 'POST', path: '/invoices' }, 403, 'SCOPE_MISSING'],
  ['a path that no route names', { as: 'billing', path: '/admin' }, 403, 'NO_ROUTE'],
  [
    'a method that is not listed',
    { as: 'billing', method: 'PUT', path: '/invoices' },
    405,
    'METHOD_NOT_ALLOWED',
  ],
  ['a path trick', { as: 'billing', path: '/invoices/..%2fadmin' }, 400, 'MALFORMED_REQUEST'],
  ['a trailing slash', { as: 'billing', path: '/invoices/' }, 403, 'NO_ROUTE'],
  ['another letter case', { as: 'billing', path: '/Invoices' }, 403, 'NO_ROUTE'],
  ['the kill switch', { as: 'retired', path: '/whoami' }, 403, 'AGENT_DISABLED'],
  ['an agent that no policy names', { as: 'stranger', path: '/whoami' }, 403, 'UNKNOWN_AGENT'],
];

describe('a genuine agent may do what its policy says, and no more', () => {
  it.each(ROWS)('%s is refused', async (_, call, status, code) => {
    const w = await world();
    const answer = await w.call(call);
    expect(answer.status).toBe(status);
    expect(answer.json()).toMatchObject({ status, code });
    expect(answer.text).not.toMatch(/planner|retired|stranger|policy/i);
    const lines = await w.ended(1);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({ decision: 'deny', code, id: answer.json().id });
  });

  it('it is told the scope that it lacks, as RFC 6750 wants', async () => {
    const w = await world();
    const answer = await w.call({ as: 'planner', method: 'POST', path: '/invoices', body: '{}' });
    expect(answer.headers['www-authenticate']).toBe(
      'Bearer error="insufficient_scope", scope="invoices:write"',
    );
    expect(answer.json().detail).toContain('invoices:write');
  });
});
