import { expect, it } from 'vitest';
import { placeOf } from '../../src/lib/index.ts';
import type { Policy } from '../../src/policy/index.ts';
import { load } from './sample.ts';

const warnings = (policy: Policy) => policy.warnings.map((one) => `${placeOf(one)} ${one.message}`);

it('a policy warns of scopes that nobody holds, once each, where they first stand', () => {
  const policy = load({
    agents: `  a: [x:r, 'y:*']`,
    routes: `  GET /a: [x:r, x:w]\n  GET /b: { scopes: [y:z, x:w] }\n  GET /c: { scopes: [z] }`,
  });
  expect(warnings(policy)).toEqual([
    `policy.yaml:6:17 no agent holds the scope 'x:w'`,
    `policy.yaml:8:22 no agent holds the scope 'z'`,
  ]);
});

it('a policy warns of routes that nobody can pass, though each scope is held by somebody', () => {
  const policy = load({
    agents: `  a: [x]\n  b: [y]\n  off: { scopes: [x, y, z], disabled: true }`,
    routes: `  GET /a: [x]\n  GET /b: [x, y]\n  GET /c: [z]\n  GET /d: []`,
  });
  expect(warnings(policy)).toEqual([
    `policy.yaml:9:3 no agent can pass 'GET /b'`,
    `policy.yaml:10:3 no agent can pass 'GET /c'`,
  ]);
});

it('a policy warns of shadows that have ended, if it is told the time', () => {
  const sections = {
    agents: '  a: []',
    routes: '  GET /a: { scopes: [], mode: shadow, until: 2026-09-30 }',
  };
  const end = Date.parse('2026-10-01T00:00:00Z');
  expect(warnings(load(sections))).toEqual([]);
  expect(warnings(load(sections, { now: end - 1 }))).toEqual([]);
  expect(warnings(load(sections, { now: end }))).toEqual([
    `policy.yaml:6:46 the shadow mode of 'GET /a' has ended; it is enforced`,
  ]);
});

const ISSUERS = `issuers:
  sts: { issuer: https://sts.test, keys: { file: a.json } }
  idp: { issuer: https://idp.test, keys: { file: b.json }, binding: whenPresent }
`;

it('a policy warns of issuers where no route takes a token', () => {
  const policy = load({ head: ISSUERS, agents: '  a: []', routes: '  GET /a: []' });
  expect(warnings(policy)).toEqual([
    `policy.yaml:4:3 no route takes a token, of 'sts' or anybody else`,
    `policy.yaml:5:3 no route takes a token, of 'idp' or anybody else`,
  ]);
});

it('a policy warns of tokens that need not be bound, where they are written to be so', () => {
  const routes = '  GET /a: { scopes: [], token: required }';
  expect(warnings(load({ head: ISSUERS, agents: '  a: []', routes }))).toEqual([
    `policy.yaml:5:69 a token of 'idp' need not be bound to a key: whoever gets hold of one can use it as the agent that it was issued to`,
  ]);
});

it('a policy warns of agents in via through whom nobody can come, unless an issuer narrows', () => {
  const sections = {
    head: ISSUERS.replace(', binding: whenPresent', ''),
    agents: '  a: [x, y]\n  b: [x]',
    routes: `  GET /a: { scopes: [x, y], onBehalfOf: required, via: [a, b] }
  GET /b: { scopes: [x, y], token: required, onBehalfOf: allowed, withoutToken: [y], via: [b] }`,
  };
  expect(warnings(load(sections))).toEqual([
    `policy.yaml:10:60 nobody can come through 'b', which lacks y`,
  ]);
  const head = sections.head.replace('b.json }', 'b.json }, narrows: true');
  expect(warnings(load({ ...sections, head }))).toEqual([]);
});
