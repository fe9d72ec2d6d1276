import { Agent } from 'node:https';
import { expect, it, onTestFinished } from 'vitest';
import { tokenPolicy, tokenWorld } from '../support/tokens.ts';

it('calls over one connection are judged each by its own token, whatever came before', async () => {
  const w = await tokenWorld({
    policy: tokenPolicy(
      '  GET /whoami: { scopes: [invoices:read], token: required, onBehalfOf: required }',
    ),
  });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  const [alice, bob, little] = [
    await w.bearer('planner', { sub: 'alice' }),
    await w.bearer('planner', { sub: 'bob' }),
    await w.bearer('planner', { sub: 'alice', scope: 'invoices:write' }),
  ];
  const foreign = await w.bearer('billing', { sub: 'alice' });
  // Alice's signature below what bob's says.
  const [text, forger] = [alice.authorization, bob.authorization].map((field) => field.split('.'));
  const forged = { authorization: `${forger?.[0]}.${forger?.[1]}.${text?.[2]}` };
  const calls = [
    [alice, 'OK', 'alice'],
    [alice, 'OK', 'alice'],
    [alice, 'OK', 'alice'],
    [bob, 'OK', 'bob'],
    [alice, 'OK', 'alice'],
    [forged, 'TOKEN_UNTRUSTED', undefined],
    [alice, 'OK', 'alice'],
    [little, 'SCOPE_MISSING', 'alice'],
    [little, 'SCOPE_MISSING', 'alice'],
    [foreign, 'TOKEN_BOUND_ELSEWHERE', undefined],
    [{}, 'TOKEN_MISSING', undefined],
    [alice, 'OK', 'alice'],
  ] as const;
  const sockets = new Set<unknown>();
  for (const [headers] of calls) {
    const response = await w.open({ as: 'planner', path: '/whoami', headers, agent });
    sockets.add(response.socket);
    await response.resume().toArray();
  }
  expect(sockets.size).toBe(1);
  const lines = await w.ended(calls.length);
  const said = lines.map(({ code, subject }) => [
    code,
    (subject as { sub?: string } | undefined)?.sub,
  ]);
  expect(said).toEqual(calls.map(([, code, sub]) => [code, sub]));
});
