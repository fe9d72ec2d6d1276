import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { SpiffeId } from '../../src/spiffe/index.ts';
import { caught, faultsOf, load, policyText } from './sample.ts';

const agents = (body: string) => policyText({ agents: body });
const routes = (body: string, head = '') => policyText({ routes: body, head });

describe('a policy file', () => {
  it('gives agents with the default ID, or with their own', () => {
    const policy = load({
      agents: `  billing: [invoices:read]
  partner: { id: spiffe://partner.test/ns/prod/sa/agent, scopes: [] }
  retired: { scopes: [], disabled: true }`,
    });
    expect(policy.agents.map(({ spiffeId }) => spiffeId.toString())).toEqual([
      'spiffe://acme.test/agent/billing',
      'spiffe://partner.test/ns/prod/sa/agent',
      'spiffe://acme.test/agent/retired',
    ]);
    expect(policy.agents.map(({ disabled }) => disabled)).toEqual([false, false, true]);
    const partner = SpiffeId.parse('spiffe://partner.test/ns/prod/sa/agent');
    expect(policy.findAgent(partner)?.name).toBe('partner');
    expect(policy.findAgent(SpiffeId.parse('spiffe://acme.test/agent/partner'))).toBeUndefined();
    expect(policy.findAgent(SpiffeId.parse('spiffe://acme.test/agent/Billing'))).toBeUndefined();
  });

  it('gives routes with their conditions, read into numbers', () => {
    const policy = load({
      routes: `  POST /invoices:
    { scopes: [a:b], rate: 600/m, burst: 40, concurrency: 8, body: 1MiB, authorization: pass }
  GET /socket: { scopes: [], upgrade: websocket }
  GET /slow: { scopes: [], rate: 90/h }
  GET /plain: [a:b, c]`,
    });
    const [invoices, socket, slow, plain] = policy.routes;
    expect(invoices).toMatchObject({
      name: 'POST /invoices',
      scopes: ['a:b'],
      limits: { rate: { perSecond: 10, burst: 40 }, concurrency: 8, body: 1_048_576 },
      authorization: 'pass',
      upgrade: 'none',
      mode: 'enforce',
      at: { file: 'policy.yaml', line: 5, column: 3 },
    });
    expect(socket).toMatchObject({ upgrade: 'websocket', authorization: 'strip' });
    expect(slow?.limits.rate).toEqual({ perSecond: 0.025, burst: 1 });
    expect(plain).toMatchObject({ scopes: ['a:b', 'c'], limits: { rate: undefined } });
  });

  it('has the SHA-256 of its text as its digest', () => {
    const digest = createHash('sha256').update(policyText({})).digest('hex');
    expect(load({}).digest).toBe(digest);
  });

  it('reports every fault at once, of shapes, names and routes alike', () => {
    const text = `version: 2
trustDomain: Acme.test
moode: enforce
agents:
  Planner: [a b]
routes:
  GTE /x: []
  GET /y/: [a:*]
`;
    expect(faultsOf(text)).toEqual([
      `1:10 'version' is not right: expected 1`,
      `2:14 'trustDomain' is not right: a trust domain has only a-z, 0-9, ".", "_" and "-"`,
      `3:1 unknown key 'moode'`,
      `5:13 'agents.Planner.0' must be a scope: letters, digits and ._/- in words joined by colons`,
      `5:3 'Planner' is no name for an agent`,
      `7:3 'GTE' is no method that a route may list`,
      `8:13 'routes.GET /y/.0' must be one scope, written out: a route requires scopes, it does not grant them`,
      `8:10 a path has no slash at its end`,
    ]);
  });

  it('puts the caret under the very character, and says what was meant', () => {
    expect(caught(routes('  GET,PSOT /x: []')).render())
      .toBe(`policy.yaml:5:7: 'PSOT' is no method that a route may list
  5 |   GET,PSOT /x: []
    |       ^
  Methods: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS; several are joined by commas without blanks.`);
    expect(caught(routes('  GET /x: { scope: [] }')).render()).toContain(`Did you mean 'scopes'?`);
    expect(caught(routes('  GETT /x: []')).render()).toContain(`Did you mean 'GET'?`);
  });
});

describe('is a load error', () => {
  const websocket = 'a WebSocket begins with GET, which this route does not list';
  it.each([
    ['an empty file', '', /the file is not right/],
    ['a missing section', 'version: 1\ntrustDomain: a\nagents: {}\n', /'routes' is missing/],
    ['an empty section', policyText({}).replace('agents: {}', 'agents:'), /'agents' is not right/],
    ['an unknown key', `${policyText({})}issuer: {}\n`, /unknown key 'issuer'/],
    ['a duplicate key', agents('  a: []\n  a: []'), /map keys must be unique/],
    ['an alias', agents('  a: &x [s]\n  b: *x'), /anchors are not allowed/],
    ['a second document', `${policyText({})}---\na: 1\n`, /second document/],
    ['an agent in upper case', agents('  Billing: []'), /no name for an agent/],
    ['an agent with a slash', agents('  a/b: []'), /no name for an agent/],
    ['an agent named like an ID', agents(`  'spiffe://a/b': []`), /no name for an agent/],
    ['an agent named __proto__', agents('  __proto__: []'), /no name for an agent/],
    ['an agent with 64 letters', agents(`  ${'a'.repeat(64)}: []`), /no name for an agent/],
    ['an agent without scopes', agents('  a: { disabled: true }'), /'agents.a.scopes' is missing/],
    ['an agent that is a word', agents('  a: invoices:read'), /must be a list of scopes/],
    ['an ID without a path', agents('  a: { id: spiffe://b, scopes: [] }'), /has a path/],
    ['an ID that is none', agents('  a: { id: https://b/c, scopes: [] }'), /begins spiffe:/],
    [
      'one ID for two agents',
      agents('  a: []\n  b: { id: spiffe://acme.test/agent/a, scopes: [] }'),
      /line 4 has/,
    ],
    ['a bare *', agents(`  a: ['*']`), /must not be '\*'/],
    ['a * within a word', agents(`  a: ['inv*']`), /only at its end, after a colon/],
    ['a * in the middle', agents(`  a: ['a:*:b']`), /only at its end, after a colon/],
    ['a scope that is a number', agents('  a: [1]'), /must be a scope/],
    ['an empty scope', agents(`  a: ['']`), /must be a scope/],
    ['a scope twice', agents('  a: [s, s]'), /is there twice/],
    ['a * on a route', routes(`  GET /x: ['a:*']`), /must be one scope, written out/],
    ['a route without scopes', routes('  GET /x: { rate: 1/s }'), /scopes' is missing/],
    ['a route with nothing', routes('  GET /x:'), /must be a list of scopes/],
    [
      'a key of a later section',
      routes('  GET /x: { scopes: [], tools: {} }'),
      /unknown key 'tools'/,
    ],
    ['no method', routes('  /x: []'), /its methods, one blank and its path/],
    ['no path', routes('  GET: []'), /its methods, one blank and its path/],
    ['two blanks', routes('  GET  /x: []'), /a path begins with a slash/],
    ['a blank in the list', routes('  GET, POST /x: []'), /'' is no method/],
    ['a method in lower case', routes('  get /x: []'), /'get' is no method/],
    ['any method', routes(`  '* /x': []`), /'\*' is no method/],
    ['CONNECT', routes('  CONNECT /x: []'), /CONNECT is never let through/],
    ['TRACE', routes('  GET,TRACE /x: []'), /TRACE is never let through/],
    ['a method twice', routes('  GET,GET /x: []'), /GET is there twice/],
    [
      'the same route twice',
      routes('  GET,POST /x: []\n  POST /x: []'),
      /POST \/x is there already, at line 5/,
    ],
    [
      'two names for one path',
      routes('  GET /x/{a}: []\n  POST /x/{b}: []'),
      /same paths as '\/x\/{a}' at line 5/,
    ],
    [
      'burst without rate',
      routes('  GET /x: { scopes: [], burst: 2 }'),
      /no effect without a rate/,
    ],
    ['a rate of nothing', routes('  GET /x: { scopes: [], rate: 0/s }'), /must be a rate/],
    ['a rate without unit', routes('  GET /x: { scopes: [], rate: 20 }'), /must be a rate/],
    ['a rate a day', routes('  GET /x: { scopes: [], rate: 20/d }'), /must be a rate/],
    ['no concurrency', routes('  GET /x: { scopes: [], concurrency: 0 }'), /must be at least 1/],
    ['a body without unit', routes('  GET /x: { scopes: [], body: 1024 }'), /must be a size/],
    ['another upgrade', routes('  GET /x: { scopes: [], upgrade: h2c }'), /upgrade/],
    [
      'a WebSocket on POST',
      routes('  POST /x: { scopes: [], upgrade: websocket }'),
      new RegExp(websocket),
    ],
    [
      'shadow without an end',
      routes('  GET /x: { scopes: [], mode: shadow }'),
      /looser than the file and needs an end/,
    ],
    [
      'an end without shadow',
      routes('  GET /x: { scopes: [], until: 2026-09-30 }'),
      /without 'mode: shadow'/,
    ],
    [
      'an end of enforcement',
      routes('  GET /x: { scopes: [], mode: enforce, until: 2026-09-30 }'),
      /without 'mode: shadow'/,
    ],
    [
      'a day that is none',
      routes('  GET /x: { scopes: [], mode: shadow, until: 2026-02-30 }'),
      /must be a date/,
    ],
    ['an unknown mode', routes('  GET /x: []', 'mode: audit\n'), /mode/],
  ])('%s', (_, text, message) => {
    expect(faultsOf(text).join('\n')).toMatch(message);
  });
});
