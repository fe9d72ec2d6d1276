import { describe, expect, it } from 'vitest';
import { SpiffeId } from '../../src/spiffe/index.ts';
import { explain, renderExplanation, type AskedToken } from '../../src/policy/index.ts';
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
      'The agent, or the token that it sent, lacks a scope that the route requires.',
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
  The agent, or the token that it sent, lacks a scope that the route requires.
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

describe('of a token, explain says', () => {
  const tokens = load({
    head: 'issuers:\n  sts: { issuer: https://sts.test, keys: { file: a.json } }\n',
    agents: `  billing: [invoices:read, refunds:write]
  planner: { scopes: [invoices:read] }`,
    routes: `  POST /refunds: { scopes: [refunds:write], onBehalfOf: required }
  GET /own: { scopes: [invoices:read], token: required }
  GET /maybe: { scopes: [invoices:read], token: optional, onBehalfOf: allowed, withoutToken: [] }
  POST /runs: { scopes: [invoices:read], onBehalfOf: required, tasks: 90m }`,
  });
  const said = (as: string, method: string, path: string, token?: AskedToken) =>
    explain(tokens, { as, method, path, token }).sentences.slice(3);

  it('whose scope was missing, if it is the token that lacks it', () => {
    const token = { for: 'sts/alice', scopes: ['invoices:read'] };
    expect(
      explain(tokens, { as: 'billing', method: 'POST', path: '/refunds', token }),
    ).toMatchObject({ whose: 'sts/alice', missingScopes: ['refunds:write'], change: undefined });
    expect(said('billing', 'POST', '/refunds', token)).toEqual([
      'It takes refunds:write.',
      `It takes a token, on somebody's behalf.`,
      'billing holds invoices:read, refunds:write.',
      'The token speaks for sts/alice and has invoices:read.',
      `refunds:write is granted to billing, but alice's token has only invoices:read.`,
      'If it should be in the token, the issuer must put it there; the policy cannot.',
    ]);
  });

  it('whose scope was missing, if it is somebody in the chain who lacks it', () => {
    const token = { for: 'sts/alice', scopes: ['refunds:write'], via: ['planner'] };
    expect(said('billing', 'POST', '/refunds', token).slice(3)).toEqual([
      'The token speaks for sts/alice, came through planner, and has refunds:write.',
      `refunds:write is granted to billing and in alice's token, but planner, who stands in its chain, holds only invoices:read.`,
      `If planner should be able to do it, too, grant it there under 'agents'.`,
    ]);
  });

  it('what would allow it, if it is the agent itself that lacks it', () => {
    const token = { for: 'sts/alice', scopes: ['refunds:write'] };
    expect(said('planner', 'POST', '/refunds', token).slice(4)).toEqual([
      'refunds:write is not granted to planner.',
      'To allow it: grant refunds:write to planner.',
    ]);
  });

  it('for how long what it starts may go on', () => {
    const token = { for: 'sts/alice', scopes: ['invoices:read'] };
    expect(said('billing', 'POST', '/runs', token).slice(-1)).toEqual([
      'The token speaks for sts/alice and has invoices:read.',
    ]);
    expect(
      explain(tokens, { as: 'billing', method: 'POST', path: '/runs', token }).sentences,
    ).toContain('What a call with one starts may go on for 90m after it.');
  });

  it('that one is needed, and how much can be done without', () => {
    expect(said('billing', 'GET', '/own')).toEqual([
      'It takes invoices:read.',
      `It takes a token, on nobody's behalf.`,
      'billing holds invoices:read, refunds:write.',
      'Missing: an access token.',
      `Have the caller fetch one from an issuer of the policy; or say 'token: optional' on the route, with 'withoutToken'.`,
    ]);
    expect(said('billing', 'GET', '/maybe').slice(1, 4)).toEqual([
      `It may take a token; without one, or on nobody's behalf, no scope can be used.`,
      'billing holds invoices:read, refunds:write.',
      'Missing: an access token: without one no scope can be used.',
    ]);
    expect(said('billing', 'GET', '/maybe', { scopes: ['invoices:read'] }).slice(3, 5)).toEqual([
      `The token is the agent's own and has invoices:read.`,
      `Missing: somebody on whose behalf: on nobody's, no scope can be used.`,
    ]);
  });
});
