import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { SourceFaults } from '../../src/lib/index.ts';
import { loadCases, loadPolicy, runCases, type Policy } from '../../src/policy/index.ts';
import { canonicalTarget } from '../../src/call/index.ts';
import { load } from './sample.ts';

const policy = load({
  agents: '  planner: [r]\n  retired: { scopes: [], disabled: true }',
  routes:
    '  GET /invoices/{id}: [r]\n  POST /invoices: [w]\n  GET /files/**: []\n  GET /files/a: []',
});

const tokens = load({
  head: 'issuers:\n  sts: { issuer: https://sts.test, keys: { file: a.json } }\n',
  agents: '  planner: [r]\n  billing: [r, w]\n  retired: { scopes: [r], disabled: true }',
  routes: `  GET /plain: [r]
  GET /own: { scopes: [r], token: required }
  POST /refunds: { scopes: [w], onBehalfOf: required, subjects: { sts: [alice] }, maxDepth: 2 }
  GET /read: { scopes: [r], onBehalfOf: required, via: [planner] }`,
});

function run(...lines: readonly string[]): string[] {
  return runOn(policy, lines);
}

function runOn(asked: Policy, lines: readonly string[]): string[] {
  const text = `cases:\n${lines.map((line) => `  - { ${line} }`).join('\n')}\n`;
  const results = runCases(asked, loadCases(text, 'policy.test.yaml'), canonicalTarget);
  return results.map(
    ({ case: { at }, passed, actual }) =>
      `${at.line}:${at.column} ${passed ? 'passed' : 'failed'} ${actual}`,
  );
}

describe('a policy test', () => {
  it.each([
    ['as: planner, call: GET /invoices/1, expect: allow', 'passed allow'],
    ['as: planner, call: GET /invoices/1?page=2, expect: allow', 'passed allow'],
    ['as: spiffe://acme.test/agent/planner, call: GET /invoices/1, expect: allow', 'passed allow'],
    ['as: planner, call: POST /invoices, expect: SCOPE_MISSING', 'passed SCOPE_MISSING'],
    ['as: planner, call: GET /none, expect: NO_ROUTE', 'passed NO_ROUTE'],
    ['as: planner, call: PUT /invoices, expect: METHOD_NOT_ALLOWED', 'passed METHOD_NOT_ALLOWED'],
    ['as: planner, call: GET /files/A, expect: AMBIGUOUS_PATH', 'passed AMBIGUOUS_PATH'],
    ['as: planner, call: GET /files/../x, expect: MALFORMED_REQUEST', 'passed MALFORMED_REQUEST'],
    ['as: retired, call: GET /files/a, expect: AGENT_DISABLED', 'passed AGENT_DISABLED'],
    ['as: nobody, call: GET /files/a, expect: UNKNOWN_AGENT', 'passed UNKNOWN_AGENT'],
    ['as: planner, call: POST /invoices, expect: allow', 'failed SCOPE_MISSING'],
    ['as: planner, call: GET /invoices/1, expect: SCOPE_MISSING', 'failed allow'],
    ['as: planner, call: POST /invoices, expect: NO_ROUTE', 'failed SCOPE_MISSING'],
  ])('%s: %s', (line, result) => {
    expect(run(line)).toEqual([`2:5 ${result}`]);
  });

  it.each([
    ['as: billing, call: GET /plain', 'allow'],
    ['as: billing, call: GET /plain, token: { scopes: [r] }', 'TOKEN_NOT_TAKEN'],
    ['as: billing, call: GET /plain, token: { scopes: [r], for: x/alice }', 'TOKEN_NOT_TAKEN'],
    ['as: billing, call: GET /own', 'TOKEN_MISSING'],
    ['as: billing, call: GET /own, token: { scopes: [r] }', 'allow'],
    ['as: billing, call: GET /own, token: { scopes: [] }', 'SCOPE_MISSING'],
    ['as: billing, call: GET /own, token: { scopes: [r], for: sts/a }', 'DELEGATION_FORBIDDEN'],
    ['as: billing, call: GET /own, token: { scopes: [r], for: x/a }', 'TOKEN_UNTRUSTED'],
    ['as: billing, call: POST /refunds, token: { scopes: [w] }', 'DELEGATION_REQUIRED'],
    ['as: billing, call: POST /refunds, token: { scopes: [w], for: sts/alice }', 'allow'],
    [
      'as: billing, call: POST /refunds, token: { scopes: [w], for: sts/bob }',
      'DELEGATION_SUBJECT_REFUSED',
    ],
    [
      'as: billing, call: POST /refunds, token: { scopes: [w], for: sts/alice, via: [planner] }',
      'SCOPE_MISSING',
    ],
    [
      'as: billing, call: POST /refunds, token: { scopes: [w], for: sts/alice, via: [planner, x] }',
      'DELEGATION_TOO_DEEP',
    ],
    [
      'as: billing, call: GET /read, token: { scopes: [r], for: sts/alice, via: [planner] }',
      'allow',
    ],
    [
      'as: billing, call: GET /read, token: { scopes: [r], for: sts/alice, via: [retired] }',
      'DELEGATION_ACTOR_REFUSED',
    ],
    [
      'as: billing, call: GET /read, token: { scopes: [r], for: sts/alice, via: [planner, planner] }',
      'DELEGATION_LOOP',
    ],
  ])('%s, expect: %s', (line, code) => {
    expect(runOn(tokens, [`${line}, expect: ${code}`])).toEqual([`2:5 passed ${code}`]);
  });

  it('has no token where the policy looks at none', () => {
    const line =
      'as: planner, call: GET /invoices/1, token: { scopes: [], for: x/y }, expect: allow';
    expect(run(line)).toEqual(['2:5 passed allow']);
  });

  it.each([
    ['as: planner, call: GET /x, token: {}, expect: allow', /'cases.0.token.scopes' is missing/],
    [
      'as: planner, call: GET /x, token: { scopes: [], for: alice }, expect: allow',
      /must be an issuer and its subject, e.g. sts\/alice/,
    ],
    ['as: planner, call: GET /x, expect: DENY', /'cases.0.expect' is not right/],
    ['as: planner, call: GET /x, expect: TOKEN_EXPIRED', /'cases.0.expect' is not right/],
    ['as: planner, call: /x, expect: allow', /must be a method, one blank and a path/],
    ['as: Planner, call: GET /x, expect: allow', /is no name for an agent/],
    ['as: planner, call: GET /x', /'cases.0.expect' is missing/],
    ['as: planner, call: GET /x, expect: allow, why: so', /unknown key 'why'/],
  ])('%s does not load', (line, message) => {
    expect(() => run(line)).toThrow(SourceFaults);
    expect(() => run(line)).toThrow(message);
  });

  it('without a case does not load', () => {
    expect(() => loadCases('cases: []\n', 'policy.test.yaml')).toThrow(/at least one case/);
  });
});

describe('the policy that is shipped', () => {
  const read = (file: string) => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');

  it('loads without a warning and answers its test', () => {
    const shipped = loadPolicy(read('policy.yaml'), 'policy.yaml');
    expect(shipped.warnings).toEqual([]);
    const cases = loadCases(read('policy.test.yaml'), 'policy.test.yaml');
    const failed = runCases(shipped, cases, canonicalTarget).filter(({ passed }) => !passed);
    expect(failed).toEqual([]);
  });
});
