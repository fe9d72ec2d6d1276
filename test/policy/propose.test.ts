import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  applyEdits,
  explain,
  judge,
  loadPolicy,
  type Ask,
  type AskedToken,
} from '../../src/policy/index.ts';
import { aimed, call, nameOf, policySketch, type PolicySketch } from './arbitrary.ts';
import { policyText } from './sample.ts';

interface Style {
  readonly quote: (text: string) => string;
  readonly list: 'flow' | 'block' | 'broken flow';
  readonly map: 'flow' | 'block' | 'list if it can';
  readonly sections: 'agents first' | 'routes first' | 'flow';
  readonly comments: boolean;
  readonly end: string;
}

const quotes = [(text: string) => `'${text}'`, (text: string) => `"${text}"`];
const style: fc.Arbitrary<Style> = fc.record({
  quote: fc.constantFrom(...quotes),
  list: fc.constantFrom('flow', 'block', 'broken flow'),
  map: fc.constantFrom('flow', 'block', 'list if it can'),
  sections: fc.constantFrom('agents first', 'routes first', 'flow'),
  comments: fc.boolean(),
  end: fc.constantFrom('\n', '\r\n'),
});

function list(scopes: readonly string[], { list: form, quote }: Style, indent: string): string {
  const items = scopes.map((scope) =>
    scope.includes(':') && !scope.includes('*') ? scope : quote(scope),
  );
  if (form === 'block' && items.length > 0)
    return items.map((item) => `\n${indent}- ${item}`).join('');
  if (form === 'broken flow')
    return ` [\n${items.map((item) => `${indent}${item},\n`).join('')}${indent}]`;
  return ` [${items.join(', ')}]`;
}

/** The same policy as different people would write it. */
function written({ agents, routes }: PolicySketch, how: Style): string {
  const flow = { ...how, list: 'flow', map: 'flow' } as const;
  const inner = how.sections === 'flow' ? flow : how;
  const value = (scopes: readonly string[], extra: string, map: Style['map']) => {
    if (extra === '' && map === 'list if it can') return list(scopes, inner, '    ');
    const fields = extra === '' ? [] : [extra];
    if (map === 'block')
      return [
        `\n    scopes:${list(scopes, inner, '      ')}`,
        ...fields.map((one) => `\n    ${one}`),
      ].join('');
    return ` {${[...fields, `scopes:${list(scopes, flow, '')}`].join(', ')} }`;
  };
  const note = how.comments ? ' # why' : '';
  const entries = {
    agents: agents.map(
      ({ name, scopes, disabled }) =>
        `${name}:${value(scopes, disabled ? 'disabled: true' : '', inner.map)}`,
    ),
    routes: routes.map((one) => `${how.quote(nameOf(one))}:${value(one.scopes, '', inner.map)}`),
  };
  const section = (name: 'agents' | 'routes') =>
    how.sections === 'flow' || entries[name].length === 0
      ? `${name}: { ${entries[name].join(', ')} }${note}`
      : `${name}:${note}\n${entries[name].map((one) => `  ${one}${note}`).join(how.comments ? '\n\n  # next\n' : '\n')}`;
  const order =
    how.sections === 'routes first'
      ? (['routes', 'agents'] as const)
      : (['agents', 'routes'] as const);
  const text = `version: 1\ntrustDomain: acme.test\n${order.map(section).join('\n')}\n# the end\n`;
  return text.replaceAll('\n', how.end);
}

const stranger = fc.constantFrom(
  'four',
  'spiffe://acme.test/agent/one',
  'spiffe://acme.test/agent/five',
  'spiffe://other.test/ns/prod/sa/One',
  'spiffe://other.test/7',
);
const who = fc.oneof({ weight: 4, arbitrary: fc.nat(2) }, { weight: 1, arbitrary: stranger });

describe('the change that explain proposes', () => {
  it('allows the call once it is made, however the file is written', () => {
    const seen = new Map<string, number>();
    fc.assert(
      fc.property(policySketch, style, who, call, fc.nat(), (sketch, how, caller, one, which) => {
        const { agents } = sketch;
        // An agent of the policy where it has any: few calls of others would meet the rest.
        const known = typeof caller === 'number' ? agents[caller % agents.length]?.name : caller;
        const as = known ?? 'one';
        const text = written(sketch, how);
        const policy = loadPolicy(text, 'policy.yaml');
        const ask: Ask = { as, ...aimed(sketch, one, which) };
        const { code, change } = explain(policy, ask);
        if (change === undefined) {
          expect(
            code === 'OK' || !expressible(policy, ask),
            `${code} ${as} ${ask.path}\n${text}`,
          ).toBe(true);
          return;
        }
        const changed = applyEdits(text, change.edits);
        expect(judge(loadPolicy(changed, 'policy.yaml'), ask).code).toBe('OK');
        expect(change.steps.length).toBeLessThanOrEqual(3);
        seen.set(code, (seen.get(code) ?? 0) + 1);
      }),
      { numRuns: 250 },
    );

    for (const code of [
      'UNKNOWN_AGENT',
      'AGENT_DISABLED',
      'NO_ROUTE',
      'METHOD_NOT_ALLOWED',
      'SCOPE_MISSING',
    ])
      expect(seen.get(code) ?? 0, code).toBeGreaterThan(0);
  });

  /** What no line of the language can allow: a path that servers read in two ways, or one that ends in a slash. */
  function expressible(policy: ReturnType<typeof loadPolicy>, ask: Ask): boolean {
    const route = policy.route(ask);
    if (!('allowed' in route)) return true;
    if (route.code === 'AMBIGUOUS_PATH') return false;
    return !(route.code === 'NO_ROUTE' && ask.path.length > 1 && ask.path.endsWith('/'));
  }

  const text = policyText({
    agents: `  billing: [invoices:read, invoices:write] # both\n  planner: [invoices:read]\n  retired: { scopes: [], disabled: true }`,
    routes: `  GET /invoices: [invoices:read]\n  POST /invoices: [invoices:write]\n\n  # streams\n  GET /events: { scopes: [invoices:read] }`,
  });
  const policy = loadPolicy(text, 'policy.yaml');
  const proposed = (as: string, method: string, path: string) => {
    const { change } = explain(policy, { as, method, path });
    return (
      change && [
        change.steps.join('; '),
        ...change.edits.map(({ line, after }) => `${line} ${after}`),
      ]
    );
  };

  it.each([
    [
      'planner POST /invoices',
      ['grant invoices:write to planner', '5   planner: [invoices:read, invoices:write]'],
    ],
    [
      'retired GET /events',
      [
        'enable retired; grant invoices:read to retired',
        '6   retired: { scopes: [invoices:read], disabled: false }',
      ],
    ],
    [
      'billing DELETE /invoices',
      [`add DELETE to the route 'POST /invoices'`, '9   POST,DELETE /invoices: [invoices:write]'],
    ],
    [
      'planner GET /invoices/7',
      [`add the route 'GET /invoices/7: [invoices:read]'`, '8   GET /invoices/7: [invoices:read]'],
    ],
    [
      'spiffe://acme.test/agent/new GET /invoices',
      [`add the agent 'new'; grant invoices:read to new`, '6   new: [invoices:read]'],
    ],
    [
      'planner POST /events',
      [
        `add the route 'POST /events: [events:write]'; grant events:write to planner`,
        '5   planner: [invoices:read, events:write]',
        '12   POST /events: [events:write]',
      ],
    ],
  ])('for %s is small, and never opens a route to everybody', (ask, change) => {
    const [as = '', method = '', path = ''] = ask.split(' ');
    expect(proposed(as, method, path)).toEqual(change);
  });

  it.each([
    'billing TRACE /invoices',
    'billing GET /invoices/',
    'Billing GET /invoices',
    'billing GET /\ud800',
  ])('does not exist for %j', (ask) => {
    const [as = '', method = '', path = ''] = ask.split(' ');
    expect(proposed(as, method, path)).toBeUndefined();
  });

  describe('beside routes that take tokens', () => {
    const tokens = loadPolicy(
      policyText({
        head: 'issuers:\n  sts: { issuer: https://sts.test, keys: { file: a.json } }\n',
        agents: `  billing: [invoices:read]\n  planner: { scopes: [], peers: [billing] }`,
        routes: `  GET /invoices/{id}: { scopes: [invoices:read], token: required }
  HEAD /invoices/{id}: [invoices:read]
  POST /mixed: [invoices:write]
  PUT /mixed: { scopes: [invoices:write], token: optional, withoutToken: [] }
  GET /plain: [invoices:read]`,
      }).concat('peers:\n  billing: { at: https://billing.test }\n'),
      'policy.yaml',
    );
    const steps = (as: string, method: string, path: string, token?: AskedToken) =>
      explain(tokens, { as, method, path, token }).change?.steps;
    const token = { scopes: ['invoices:read'] };

    it.each([
      ['billing GET /invoices/7', undefined],
      ['billing GET /invoices/7/lines', undefined],
      ['billing OPTIONS /invoices/7', undefined],
      ['billing POST /invoices/7', undefined],
      ['billing DELETE /mixed', undefined],
      ['planner HEAD /invoices/7', ['grant invoices:read to planner']],
      ['billing GET /plain/x', [`add the route 'GET /plain/x: [invoices:read]'`]],
    ])('for %s without a token, nothing is proposed that takes less: %j', (ask, expected) => {
      const [as = '', method = '', path = ''] = ask.split(' ');
      expect(steps(as, method, path)).toEqual(expected);
    });

    it('a method joins the line that takes tokens, and never the one beside it that takes none', () => {
      expect(steps('billing', 'OPTIONS', '/invoices/7', token)).toEqual([
        `add OPTIONS to the route 'GET /invoices/{id}'`,
      ]);
    });

    it('a scope is granted to the agent alone, whatever the rest of the file is like', () => {
      const ask = { as: 'planner', method: 'GET', path: '/invoices/7', token };
      const { change } = explain(tokens, ask);
      expect(change?.steps).toEqual(['grant invoices:read to planner']);
      const changed = loadPolicy(applyEdits(tokens.text, change?.edits ?? []), 'policy.yaml');
      expect(judge(changed, ask).code).toBe('OK');
    });

    it('a new agent is added above the peers', () => {
      const { change } = explain(tokens, { as: 'new', method: 'GET', path: '/plain' });
      expect(change?.edits.map(({ line, after }) => `${line} ${after}`)).toEqual([
        '7   new: [invoices:read]',
      ]);
    });
  });
});
