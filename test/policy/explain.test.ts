import { describe, expect, it } from 'vitest';
import { SpiffeId } from '../../src/spiffe/index.ts';
import { explain, renderExplanation } from '../../src/policy/index.ts';
import { load } from './sample.ts';

const policy = load({
  agents: `  billing: [invoices:read, invoices:write]
  planner: [invoices:read]
  retired: { scopes: [], disabled: true }`,
  routes: `  GET /invoices/{id}: [invoices:read]
  GET /invoices/latest: [invoices:read]
  POST /invoices: [invoices:write]
  GET /files/**: { scopes: [invoices:write], mode: shadow, until: 2026-09-30 }`,
});
const sentences = (as: string, method: string, path: string, now?: number) =>
  explain(policy, { as, method, path }, now).sentences;

describe('explain says', () => {
  it('which route won, over which others, what it takes and what the agent holds', () => {
    expect(sentences('planner', 'GET', '/invoices/latest')).toEqual([
      'planner may GET /invoices/latest.',
      `The path belongs to 'GET /invoices/latest': it is more specific than 'GET /invoices/{id}', which would match too.`,
      'It takes invoices:read.',
      'planner holds invoices:read.',
    ]);
  });

  it('what was missing, and what would allow it', () => {
    expect(sentences('planner', 'POST', '/invoices')).toEqual([
      'planner may not POST /invoices.',
      'The agent does not hold every scope that the route requires.',
      `The path belongs to 'POST /invoices'; no other template matches it.`,
      'It takes invoices:write.',
      'planner holds invoices:read.',
      'Missing: invoices:write.',
      'To allow it: grant invoices:write to planner.',
    ]);
  });

  it('which route is nearest, and when only the spelling is in the way', () => {
    expect(sentences('planner', 'GET', '/invoices/1/x').join('\n')).toContain(
      `The nearest route is 'GET /invoices/{id}'; it does not match.`,
    );
    expect(sentences('planner', 'POST', '/Invoices').join('\n')).toContain(
      `But for letter case or one slash at its end, the path is that of 'POST /invoices'.`,
    );
    expect(sentences('planner', 'POST', '/invoicse').join('\n')).toContain(
      `The nearest route is 'POST /invoices'; it does not match.`,
    );
  });

  it('which agent was probably meant', () => {
    expect(sentences('plannr', 'GET', '/invoices/1').join('\n')).toContain(
      `Did you mean the agent 'planner'?`,
    );
    expect(sentences('spiffe://acme.test', 'GET', '/invoices/1')[1]).toContain('no agent');
  });

  it('that a call would pass all the same, while a route is only shadowed', () => {
    const until = Date.parse('2026-10-01T00:00:00Z');
    const shadow =
      'The policy is only shadowed here: the denial is recorded and the call let through.';
    expect(sentences('planner', 'GET', '/files/a', until - 1)).toContain(shadow);
    expect(sentences('planner', 'GET', '/files/a', until)).not.toContain(shadow);
    expect(sentences('retired', 'GET', '/files/a', until - 1)).not.toContain(shadow);
  });

  it('the line with its caret, and the change as lines', () => {
    const explanation = explain(policy, { as: 'planner', method: 'POST', path: '/invoices' });
    expect(renderExplanation(explanation))
      .toBe(`✗ 403 SCOPE_MISSING  planner may not POST /invoices.
  The agent does not hold every scope that the route requires.
  The path belongs to 'POST /invoices'; no other template matches it.
  It takes invoices:write.
  planner holds invoices:read.
  Missing: invoices:write.
  To allow it: grant invoices:write to planner.

  policy.yaml:10:3  (the route)
  10 |   POST /invoices: [invoices:write]
     |   ^

  policy.yaml:5
  -   planner: [invoices:read]
  +   planner: [invoices:read, invoices:write]`);
  });

  it('the line of an agent that is disabled', () => {
    const explanation = explain(policy, { as: 'retired', method: 'GET', path: '/invoices/1' });
    expect(renderExplanation(explanation)).toContain('policy.yaml:6:3  (the agent)');
  });
});

it('a caller that is no agent is explained, too', () => {
  const who = SpiffeId.parse('spiffe://acme.test/agent/nobody');
  const ask = { as: who.toString(), method: 'POST', path: '/invoices' };
  const unknown = explain(policy, ask);
  expect(unknown).toMatchObject({
    code: 'UNKNOWN_AGENT',
    agent: undefined,
    missing: 'a known agent',
  });
  expect(unknown.change?.steps[0]).toBe(`add the agent 'nobody'`);
});
