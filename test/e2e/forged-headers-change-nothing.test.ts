import { expect, it } from 'vitest';
import { world } from '../support/harness.ts';

it("a genuine agent's forged headers change nothing, in any spelling", async () => {
  const w = await world();
  const answer = await w.call({
    as: 'planner',
    path: '/whoami',
    headers: {
      'x-sidegate-agent': 'billing',
      X_Sidegate_Agent: 'billing',
      'X-SIDEGATE-SCOPES': 'invoices:write',
      'x-forwarded-client-cert': 'By=spiffe://acme.test/x;URI=spiffe://acme.test/agent/billing',
      X_Forwarded_Client_Cert: 'URI=spiffe://acme.test/agent/billing',
      forwarded: 'for=10.0.0.1',
      'x-forwarded-for': '10.0.0.1',
      authorization: 'Bearer stolen',
    },
  });
  expect(answer.status).toBe(200);
  expect(answer.json()['x-sidegate-agent']).toBe('planner');
  expect(answer.text).not.toMatch(/billing|10\.0\.0\.1|stolen|invoices:write/);
});

it('a Connection field cannot have our own fields dropped', async () => {
  const w = await world();
  const answer = await w.call({
    as: 'planner',
    path: '/whoami',
    headers: { connection: 'close, x-sidegate-agent' },
  });
  expect(answer.status).toBe(400);
  expect(answer.json().code).toBe('MALFORMED_REQUEST');
});
