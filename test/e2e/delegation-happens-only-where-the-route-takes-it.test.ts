import { expect, it } from 'vitest';
import type { Claims } from '../support/issuer.ts';
import { idOf, tokenPolicy, tokenWorld } from '../support/tokens.ts';

const POLICY = tokenPolicy(
  `  GET /own: { scopes: [invoices:read], token: required }
  GET /invoices: { scopes: [invoices:read], token: required, onBehalfOf: required, subjects: { sts: [alice, 'team-*'] }, maxDepth: 2 }
  POST /invoices: { scopes: [invoices:write], token: required, onBehalfOf: required }
  GET /either: { scopes: [invoices:read], token: optional, onBehalfOf: allowed, withoutToken: [] }`,
  `  billing: [invoices:read, invoices:write]
  planner: [invoices:read]
  portal: [invoices:read]
  retired: { scopes: [invoices:read], disabled: true }`,
);

const OWN: Claims = { sub: idOf('billing') };
const through = (...agents: readonly string[]): Claims => ({
  act: agents.reduceRight<object | undefined>(
    (act, agent) => ({ sub: idOf(agent), ...(act === undefined ? {} : { act }) }),
    undefined,
  ),
});

const ROWS: readonly (readonly [string, string, string, Claims | undefined, string])[] = [
  ['its own token, where nobody may be acted for', 'GET', '/own', OWN, 'OK'],
  ["alice's token, where nobody may be acted for", 'GET', '/own', {}, 'DELEGATION_FORBIDDEN'],
  ['its own token, where somebody must be', 'GET', '/invoices', OWN, 'DELEGATION_REQUIRED'],
  ["alice's token there", 'GET', '/invoices', {}, 'OK'],
  ['one of the team', 'GET', '/invoices', { sub: 'team-7' }, 'OK'],
  ['somebody else', 'GET', '/invoices', { sub: 'mallory' }, 'DELEGATION_SUBJECT_REFUSED'],
  ['through portal', 'GET', '/invoices', through('billing', 'portal'), 'OK'],
  [
    'through too many',
    'GET',
    '/invoices',
    through('billing', 'portal', 'planner'),
    'DELEGATION_TOO_DEEP',
  ],
  ['round and round', 'GET', '/invoices', through('billing', 'billing'), 'DELEGATION_LOOP'],
  [
    'through a disabled agent',
    'GET',
    '/invoices',
    through('billing', 'retired'),
    'DELEGATION_ACTOR_REFUSED',
  ],
  ['more than alice may', 'POST', '/invoices', {}, 'SCOPE_MISSING'],
  ['no token where it is optional, and gives all', 'GET', '/either', undefined, 'TOKEN_MISSING'],
  ['its own there', 'GET', '/either', OWN, 'DELEGATION_REQUIRED'],
  ["alice's there", 'GET', '/either', {}, 'OK'],
];

it('who may be acted for, through whom, and what that gives is what the route says', async () => {
  const w = await tokenWorld({ policy: POLICY });
  const found: [string, string][] = [];
  for (const [name, method, path, claims] of ROWS) {
    const headers = claims === undefined ? {} : await w.bearer('billing', claims);
    await w.call({ as: 'billing', method, path, headers });
    const lines = await w.ended(found.length + 1);
    found.push([name, String(lines.at(-1)?.code)]);
  }
  expect(found).toEqual(ROWS.map(([name, , , , code]) => [name, code]));
});

it('the audit and why say whose scope was missing, and through whom the call came', async () => {
  const w = await tokenWorld({ policy: POLICY });
  const headers = await w.bearer('billing', through('billing', 'portal'));
  const answer = await w.call({ as: 'billing', method: 'POST', path: '/invoices', headers });
  expect(answer.status).toBe(403);
  // The caller is told the scope, and not who lacks it.
  expect(answer.text).not.toContain('alice');
  const [line] = await w.ended(1);
  const missing = "invoices:write is granted to billing, but alice's token has only invoices:read";
  expect(line).toMatchObject({
    code: 'SCOPE_MISSING',
    missing,
    subject: { issuer: 'https://sts.acme.test', sub: 'alice' },
    chain: [
      { issuer: 'https://sts.acme.test', sub: idOf('billing') },
      { issuer: 'https://sts.acme.test', sub: idOf('portal') },
    ],
  });
  expect(String(line?.whose)).toContain('alice');
  const why = (await w.why(String(line?.id))) as Record<string, unknown>;
  expect(why).toMatchObject({ missing, token: { issuer: 'sts', onBehalf: true } });
  // To grant the agent more would not help.
  expect(why).not.toHaveProperty('change');
  expect(JSON.stringify(why)).toContain(`token of sts for alice through ${idOf('portal')}`);
});
