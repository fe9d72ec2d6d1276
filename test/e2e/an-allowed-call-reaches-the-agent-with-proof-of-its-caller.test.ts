import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { world } from '../support/harness.ts';

it('an allowed call reaches the agent with proof of its caller, and leaves one audit line', async () => {
  const w = await world();
  const billing = w.as('billing');
  const answer = await w.call({
    as: 'billing',
    path: '/whoami?x=1',
    headers: { 'x-request-id': 'mine-1', via: '1.1 edge', traceparent: TRACEPARENT },
  });
  expect(answer.status).toBe(200);
  const seen = answer.json();
  const hash = createHash('sha256').update(billing.der).digest('hex');
  expect(seen).toMatchObject({
    'x-sidegate-agent': 'billing',
    'x-forwarded-client-cert': `By=spiffe://acme.test/agent/invoices;Hash=${hash};URI=spiffe://acme.test/agent/billing`,
    'x-request-id': answer.headers['x-request-id'],
    via: expect.stringMatching(/^1\.1 edge, 1\.1 sidegate-[0-9a-f]{8}$/) as string,
    traceparent: TRACEPARENT,
  });
  expect(seen.forwarded).toMatch(/^for="127\.0\.0\.1:\d+";host="127\.0\.0\.1:\d+";proto=https$/);
  const [line, ...more] = await w.ended(1);
  expect(more).toEqual([]);
  expect(line).toMatchObject({
    event: 'call',
    id: answer.headers['x-request-id'],
    callerRequestId: 'mine-1',
    decision: 'allow',
    code: 'OK',
    agent: 'billing',
    spiffeId: 'spiffe://acme.test/agent/billing',
    certSha256: hash,
    method: 'GET',
    route: 'GET /whoami',
    path: '/whoami',
    status: 200,
    how: 'complete',
    traceId: '0af7651916cd43dd8448eb211c80319c',
  });
  expect(JSON.stringify(line)).not.toContain('x=1');
});

it('the scopes that a route required and the agent proved go along, and no others', async () => {
  const w = await world({
    policy: `version: 1
trustDomain: acme.test
agents: { billing: [invoices:read, invoices:write] }
routes: { GET /whoami: [invoices:read] }
`,
  });
  const answer = await w.call({ as: 'billing', path: '/whoami' });
  expect(answer.json()).toMatchObject({ 'x-sidegate-scopes': 'invoices:read' });
});

const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
