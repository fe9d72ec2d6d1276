import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runIn } from '../cli/sandbox.ts';
import { until, world } from '../support/harness.ts';

const POLICY = `version: 1
trustDomain: acme.test
issuers:
  dev: { issuer: 'https://dev-issuer.invalid', keys: { file: certs/dev-issuer.jwks.json }, development: true }
agents:
  portal: [invoices:read]
routes:
  GET /whoami: { scopes: [invoices:read], token: required, onBehalfOf: required }
`;

test.each([
  ['true', 200, undefined],
  ['false', 401, 'TOKEN_UNTRUSTED'],
])('with development: %s the answer to a minted token is %i', async (development, status, code) => {
  const w = await world({ policy: POLICY, flags: { development } });
  w.write('certs/portal.crt', w.as('portal').certPem);
  const mint = [
    'token',
    'mint',
    '--subject',
    'alice',
    '--for',
    'portal',
    '--scope',
    'invoices:read',
  ];
  const minted = await runIn(w.folder, [
    ...mint,
    '--audience',
    'spiffe://acme.test/agent/invoices',
  ]);
  expect(minted.code, minted.err).toBe(0);
  const headers = { authorization: `Bearer ${minted.out.trim()}` };
  // The keys were made after the sidecar had looked for them; it looks again within two seconds.
  const answer = await until(async () => {
    const one = await w.call({ as: 'portal', path: '/whoami', headers });
    return one.status === 503 ? undefined : one;
  });
  expect(answer.status).toBe(status);
  if (code !== undefined) expect(answer.json().code).toBe(code);
  expect(readFileSync(join(w.folder, 'certs/dev-issuer.jwks.json'), 'utf8')).not.toContain('"d"');
});
