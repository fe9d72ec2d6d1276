import { describe, expect, test } from 'vitest';
import { newSandbox } from './sandbox.ts';

const POLICY = `version: 1
trustDomain: acme.test
agents:
  billing: [invoices:read, invoices:write]
  planner: [invoices:read]
  retired: { scopes: [], disabled: true }
routes:
  GET /invoices/{id}: [invoices:read]
  POST /invoices: [invoices:write]
`;

function withPolicy() {
  const box = newSandbox();
  box.write('policy.yaml', POLICY);
  return box;
}

describe('explain', () => {
  test('says that an agent may, and by which rule', async () => {
    const { code, out, err } = await withPolicy().bin('explain', 'billing', 'POST', '/invoices');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain('✓ allow  billing may POST /invoices.');
    expect(out).toContain(
      '  policy.yaml:9:3  (the route)\n  9 |   POST /invoices: [invoices:write]',
    );
  });

  test('says that an agent may not, what is missing, and the change', async () => {
    const { code, out } = await withPolicy().run('explain', 'planner', 'POST', '/invoices');
    expect(code).toBe(0);
    expect(out).toContain('✗ 403 SCOPE_MISSING  planner may not POST /invoices.');
    expect(out).toContain(
      'policy.yaml:5\n  -   planner: [invoices:read]\n  +   planner: [invoices:read, invoices:write]',
    );
  });

  test('judges what a path means, not how it is written, and not its query', async () => {
    const { out } = await withPolicy().run('explain', 'planner', 'GET', '/invoices/a%20b?x=1');
    expect(out).toContain('✓ allow  planner may GET /invoices/a b.');
  });

  test.each(['/invoices/..%2fadmin', '//invoices', '/invoices/.', 'invoices', '/a\u001b[2J'])(
    'says why nobody may ask for %j',
    async (path) => {
      const { code, out } = await withPolicy().run('explain', 'billing', 'GET', path);
      expect(code).toBe(0);
      expect(out).toMatch(/^✗ 400 MALFORMED_REQUEST {2}nobody may GET .*: (the|a) (path|target) /);
      // eslint-disable-next-line no-control-regex -- controls are what is looked for
      expect(out).not.toMatch(/\u001b/);
    },
  );

  test('names the agent that was probably meant', async () => {
    const { out } = await withPolicy().run('explain', 'biling', 'GET', '/invoices/1');
    expect(out).toContain("Did you mean the agent 'billing'?");
  });
});

describe('explain, of a token', () => {
  const withTokens = () => {
    const box = newSandbox();
    box.write(
      'policy.yaml',
      `version: 1
trustDomain: acme.test
issuers:
  sts: { issuer: https://sts.acme.test, keys: { file: jwks.json } }
agents:
  billing: [invoices:read, refunds:write]
  planner: [invoices:read]
routes:
  GET /invoices: { scopes: [invoices:read], token: required }
  POST /refunds: { scopes: [refunds:write], onBehalfOf: required, via: [planner] }
`,
    );
    return box;
  };

  test('says whose scope is missing', async () => {
    const flags = ['--for', 'sts/alice', '--token-scopes', 'invoices:read'];
    const { code, out, err } = await withTokens().bin(
      'explain',
      'billing',
      'POST',
      '/refunds',
      ...flags,
    );
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain(
      `refunds:write is granted to billing, but alice's token has only invoices:read.`,
    );
  });

  test('takes the chain in the order of the calls', async () => {
    const flags = ['--for', 'sts/alice', '--via', 'other', '--via', 'planner', '--json'];
    const { out } = await withTokens().run('explain', 'billing', 'POST', '/refunds', ...flags);
    expect(JSON.parse(out)).toMatchObject({
      code: 'DELEGATION_ACTOR_REFUSED',
      whose: 'sts/other',
      token: { for: 'sts/alice', scopes: [], via: ['other', 'planner'] },
    });
  });

  test("a token without a subject is the agent's own", async () => {
    const flags = ['--token-scopes', 'invoices:read'];
    const { out } = await withTokens().run('explain', 'billing', 'GET', '/invoices', ...flags);
    expect(out).toContain('✓ allow  billing may GET /invoices.');
  });

  test('test says how to ask about a case with a token', async () => {
    const box = withTokens();
    box.write(
      'policy.test.yaml',
      `cases:
  - { as: billing, call: GET /invoices, token: { scopes: [invoices:read] }, expect: allow }
  - { as: billing, call: POST /refunds, token: { scopes: [a, b], for: sts/alice, via: [planner] }, expect: allow }
`,
    );
    const { code, out } = await box.run('test');
    expect(code).toBe(1);
    expect(out).toContain('✓ billing  GET /invoices --token-scopes invoices:read  allow');
    expect(out).toContain(
      '→ sidegate explain billing POST /refunds --for sts/alice --token-scopes a,b --via planner --policy',
    );
  });
});

test('matrix draws every agent before every route', async () => {
  const { code, out } = await withPolicy().bin('matrix');
  expect(code).toBe(0);
  const rows = out.split('\n').filter((line) => line.startsWith('│'));
  expect(
    rows.map((row) =>
      row
        .split('│')
        .map((cell) => cell.trim())
        .filter(Boolean),
    ),
  ).toEqual([
    ['GET /invoices/{id}', 'POST /invoices'],
    ['billing', '✓', '✓'],
    ['planner', '✓', '·'],
    ['retired', '×', '×'],
  ]);
});

describe('test', () => {
  const cases = (expectation: string) => `cases:
  - { as: billing, call: 'GET /invoices/1', expect: allow }
  - { as: planner, call: 'POST /invoices', expect: ${expectation} }
`;

  test('ends with 0 if the policy says what every case expects', async () => {
    const box = withPolicy();
    box.write('policy.test.yaml', cases('SCOPE_MISSING'));
    const { code, out, err } = await box.bin('test');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain('✓ billing  GET /invoices/1  allow\n');
    expect(out).toMatch(/\n2 cases passed, 0 failed\n$/);
  });

  test('ends with 1 if not, and names the case, its line and the next command', async () => {
    const box = withPolicy();
    box.write('mine.yaml', cases('allow'));
    const { code, out } = await box.run('test', 'mine.yaml');
    expect(code).toBe(1);
    expect(out).toContain(
      '✗ planner  POST /invoices  expected allow, is SCOPE_MISSING  mine.yaml:3:5',
    );
    expect(out).toContain('→ sidegate explain planner POST /invoices --policy policy.yaml');
    expect(out).toMatch(/\n1 case passed, 1 failed\n$/);
  });

  test('looks for the cases beside the policy that is named', async () => {
    const box = newSandbox();
    box.write('a/other.yaml', POLICY);
    box.write('a/other.test.yaml', cases('SCOPE_MISSING'));
    expect((await box.run('test', '--policy', 'a/other.yaml')).code).toBe(0);
  });
});
