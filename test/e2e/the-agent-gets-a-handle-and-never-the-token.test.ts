import { expect, it } from 'vitest';
import { collector } from '../support/collector.ts';
import { OK, scriptedAgent } from '../support/scripted-agent.ts';
import { tokenPolicy, tokenWorld } from '../support/tokens.ts';

const POLICY = tokenPolicy(
  `  GET /work: { scopes: [invoices:read], token: required, onBehalfOf: required }
  GET /plain: []
  GET /passed: { scopes: [], authorization: pass }`,
);
const OUTBOUND = { 'outbound.listen': 'unix:outbound.sock' };
const FORGED = 'forged-forged-forged-forged-forged-forged-f';

/** The values of a field in a head, as the agent got it. */
function valuesOf(head: string | undefined, name: string): string[] {
  const lines = (head ?? '').split('\r\n').map((line) => line.split(': '));
  return lines.filter(([key]) => key?.toLowerCase() === name).map(([, value]) => value ?? '');
}

it('each call gets a handle of its own, whatever the caller says, and the token stays here', async () => {
  const agent = await scriptedAgent((socket) => void socket.write(OK));
  const w = await tokenWorld({ policy: POLICY, upstream: agent.upstream, flags: OUTBOUND });
  const token = await w.token('planner');
  const headers = {
    authorization: `bEaReR ${token}`,
    dpop: 'a.proof.here',
    'x-sidegate-context': FORGED,
    X_Sidegate_Context: FORGED,
    'X-SIDEGATE_CONTEXT': FORGED,
  };
  for (const path of ['/work', '/work', '/plain'])
    await w.call({ as: 'planner', path, headers: path === '/plain' ? { cookie: 'a=b' } : headers });
  const handles = agent.heads.flatMap((head) => valuesOf(head, 'x-sidegate-context'));
  expect(handles).toHaveLength(3);
  expect(new Set(handles).size).toBe(3);
  for (const handle of handles) expect(handle).toMatch(/^[A-Za-z0-9_-]{43}$/);
  expect(agent.bytes()).not.toContain(token);
  expect(agent.bytes()).not.toContain(FORGED);
  expect(valuesOf(agent.heads[0], 'authorization')).toEqual([]);
  expect(valuesOf(agent.heads[0], 'dpop')).toEqual([]);
});

it('where tokens are passed on unread, token and proof go on as they came', async () => {
  const agent = await scriptedAgent((socket) => void socket.write(OK));
  const w = await tokenWorld({ policy: POLICY, upstream: agent.upstream });
  const headers = { authorization: 'Bearer for-the-agent', dpop: 'a.proof.here' };
  await w.call({ as: 'planner', path: '/passed?access_token=its-own', headers });
  expect(valuesOf(agent.heads[0], 'authorization')).toEqual(['Bearer for-the-agent']);
  expect(valuesOf(agent.heads[0], 'dpop')).toEqual(['a.proof.here']);
  // Without an outbound door there is nothing that a handle would be good for.
  expect(valuesOf(agent.heads[0], 'x-sidegate-context')).toEqual([]);
});

it('neither handle nor token is in the audit, on the terminal, in the metrics, in traces, or in why', async () => {
  const agent = await scriptedAgent((socket) => void socket.write(OK));
  const { endpoint, seen, raw } = await collector();
  const tracing = { 'tracing.endpoint': endpoint, 'tracing.sample': '1' };
  const w = await tokenWorld({
    policy: POLICY,
    upstream: agent.upstream,
    flags: { ...OUTBOUND, ...tracing },
    terminal: true,
  });
  const tokens = [await w.token('planner'), await w.token('planner', { scope: '' })];
  for (const token of tokens)
    for (const as of ['planner', 'billing'])
      await w.call({ as, path: '/work', headers: { authorization: `Bearer ${token}` } });
  const lines = await w.ended(4);
  expect(lines.map(({ code }) => code)).toEqual([
    'OK',
    'TOKEN_BOUND_ELSEWHERE',
    'SCOPE_MISSING',
    'TOKEN_BOUND_ELSEWHERE',
  ]);
  await seen(4);
  const whys = await Promise.all(lines.map(({ id }) => w.why(String(id))));
  const told = [JSON.stringify(lines), w.log(), await w.metrics(), raw(), JSON.stringify(whys)];
  const [handle = ''] = valuesOf(agent.heads[0], 'x-sidegate-context');
  expect(handle).not.toBe('');
  for (const text of told)
    for (const secret of [handle, ...tokens, ...tokens.flatMap((token) => token.split('.'))])
      expect(text).not.toContain(secret);
  expect(w.log()).toContain('planner for alice');
  // Who was acted for is for the audit; a trace goes to more people.
  expect(raw()).not.toContain('alice');
});
