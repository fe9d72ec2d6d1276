import { expect, it } from 'vitest';
import { tokenPolicy, tokenWorld } from '../support/tokens.ts';

it('a token lets in the agent that it is bound to, and nobody who stole it, though its signature is known to be good', async () => {
  const w = await tokenWorld({
    policy: tokenPolicy(
      '  GET /whoami: { scopes: [invoices:read], token: required, onBehalfOf: required }',
    ),
  });
  const headers = await w.bearer('planner', { jti: 'token-1' });
  // The first is verified, the second remembered.
  for (const path of ['/whoami', '/whoami?again']) {
    const answer = await w.call({ as: 'planner', path, headers });
    expect(answer.status).toBe(200);
    expect(answer.json()).toMatchObject({
      'x-sidegate-agent': 'planner',
      'x-sidegate-scopes': 'invoices:read',
    });
    expect(answer.text).not.toContain('eyJ');
  }
  const stolen = await w.call({ as: 'billing', path: '/whoami', headers });
  expect(stolen.status).toBe(401);
  expect(stolen.json().code).toBe('TOKEN_BOUND_ELSEWHERE');
  // Nor does a new certificate of the same agent.
  const renewed = w.issue({ id: 'spiffe://acme.test/agent/planner' });
  const late = await w.call({ as: renewed, path: '/whoami', headers });
  expect(late.json().code).toBe('TOKEN_BOUND_ELSEWHERE');
  const [line] = await w.ended(4);
  expect(line).toMatchObject({
    code: 'OK',
    issuer: 'sts',
    tokenId: 'token-1',
    tokenScopes: ['invoices:read'],
    subject: { issuer: 'https://sts.acme.test', sub: 'alice' },
    onBehalf: true,
  });
});
