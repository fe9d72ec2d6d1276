import { expect, it } from 'vitest';
import { renderWhy, whyShape } from '../../src/status/index.ts';
import { until } from '../support/harness.ts';
import { PEERS, outboundWorld, tokenIn, type OutOptions } from '../support/outbound.ts';

it('a delegated peer is not called without a handle, whatever else the agent sends', async () => {
  const w = await outboundWorld();
  const handle = await w.handle('planner', {});
  const headers = {
    cookie: `x-sidegate-context=${handle}`,
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    'x-request-id': handle,
  };
  const answer = await w.out({ peer: 'billing', path: `/?context=${handle}`, headers });
  expect(answer.status).toBe(403);
  expect(answer.json()).toMatchObject({ code: 'CONTEXT_MISSING' });
  expect(w.sts.seen).toEqual([]);
  expect(w.billing.connections).toBe(0);
});

it('an own peer is not called because of a call, unless its entry says so', async () => {
  const w = await outboundWorld();
  for (const handle of [await w.handle('planner', {}), await w.handle('planner')]) {
    const answer = await w.out({ peer: 'ledger', handle });
    expect(answer.json()).toMatchObject({ code: 'OWN_AUTHORITY_REFUSED' });
  }
  expect(w.sts.seen).toEqual([]);
  expect(w.ledger.connections).toBe(0);
});

it('a call that came without a token has nothing to be delegated', async () => {
  const w = await outboundWorld();
  const answer = await w.out({ peer: 'billing', handle: await w.handle('planner') });
  expect(answer.json()).toMatchObject({ code: 'CONTEXT_REFUSED' });
  expect((await w.sent(1))[0]?.detail).toContain('sent no token');
  expect(w.sts.seen).toEqual([]);
});

const strange: readonly [string, (handle: string) => OutOptions][] = [
  ['unknown', () => ({ handle: 'A'.repeat(43) })],
  ['cut short', (handle) => ({ handle: handle.slice(1) })],
  ['longer', (handle) => ({ handle: `${handle}A` })],
  ['empty', () => ({ handle: '' })],
  ['there twice', (handle) => ({ headers: { 'x-sidegate-context': [handle, handle] } })],
  ['misspelled', (handle) => ({ headers: { x_sidegate_context: handle } })],
  ['there in two spellings', (handle) => ({ handle, headers: { 'X-Sidegate_Context': handle } })],
];

it.each(strange)('a handle that is %s is refused, at every peer', async (_, options) => {
  const w = await outboundWorld();
  const sent = options(await w.handle('planner', {}));
  for (const peer of ['billing', 'ledger', 'lent', 'open'])
    expect((await w.out({ peer, ...sent })).json()).toMatchObject({ code: 'CONTEXT_REFUSED' });
  expect(w.sts.seen).toEqual([]);
  expect(w.billing.connections + w.ledger.connections).toBe(0);
});

it('a handle ends with its call and the grace after it', async () => {
  const w = await outboundWorld({ flags: { 'outbound.grace': '0s' } });
  const handle = await w.handle('planner', {});
  await w.ended(1);
  const answer = await w.out({ peer: 'billing', handle });
  expect(answer.json()).toMatchObject({ code: 'CONTEXT_REFUSED' });
  expect((await w.sent(1))[0]?.detail).toBe('its call has ended');
  const open = w.open({ as: 'planner', path: '/slow', headers: await w.bearer('planner') });
  open.catch(() => undefined);
  const live = await until(() => w.called[1]?.['x-sidegate-context']);
  expect((await w.out({ peer: 'billing', handle: String(live) })).status).toBe(200);
});

it("a handle is worth nothing once its caller may not call any more, or the caller's token ends", async () => {
  let now = Date.now();
  const w = await outboundWorld({ now: () => now });
  const handle = await w.handle('planner', { exp: Math.floor(now / 1000) + 60 });
  expect((await w.out({ peer: 'billing', handle })).status).toBe(200);
  now += 61_000;
  expect((await w.out({ peer: 'billing', handle })).json()).toMatchObject({
    code: 'TOKEN_EXPIRED',
  });
  now -= 61_000;
  expect((await w.out({ peer: 'billing', handle })).status).toBe(200);
  const text = w.policyWith(PEERS);
  const disabled = 'planner: { scopes: [invoices:read], disabled: true }';
  w.write('policy.yaml', text.replace('planner: [invoices:read]', disabled));
  expect(w.sidecar.reload().filter(({ ok }) => !ok)).toEqual([]);
  expect((await w.out({ peer: 'billing', handle })).json()).toMatchObject({
    code: 'CONTEXT_REFUSED',
  });
  expect((await w.sent(4))[3]?.detail).toContain('planner');
  expect(w.billing.seen.length).toBe(2);
});

it('the token of one subject is never used for another, and one of the same is asked for once', async () => {
  const w = await outboundWorld();
  const alice = await w.handle('planner', { sub: 'alice' });
  const bob = await w.handle('planner', { sub: 'bob' });
  const handles = [alice, bob, alice, bob, alice, bob];
  const answers = await Promise.all(handles.map((handle) => w.out({ peer: 'billing', handle })));
  expect(answers.map(({ status }) => status)).toEqual(handles.map(() => 200));
  const subjects = w.billing.seen.map((seen) => tokenIn(seen)?.sub);
  expect(subjects.toSorted()).toEqual(['alice', 'alice', 'alice', 'bob', 'bob', 'bob']);
  expect(w.sts.seen.length).toBe(2);
  const told = (await w.sent(6)).map(({ subject }) => (subject as { sub: string }).sub);
  expect(told.toSorted()).toEqual(subjects.toSorted());
});

it('sidegate why says of a call to a peer what was decided, and because of which call', async () => {
  const w = await outboundWorld();
  const handle = await w.handle('planner', {});
  const refused = await w.out({ peer: 'ledger', handle });
  const report = whyShape.parse(await w.why(String(refused.json().id)));
  expect(report).toMatchObject({
    ...{ code: 'OWN_AUTHORITY_REFUSED', peer: 'ledger', verdict: 'deny', status: 403 },
    ...{ inboundId: (await w.ended(1))[0]?.id, token: { subject: { sub: 'alice' } } },
    rule: { name: 'peer ledger' },
  });
  expect(report.gates.map(({ gate, result }) => `${gate} ${result}`)).toEqual([
    'identity passed',
    'authorization failed',
  ]);
  const text = renderWhy(report);
  expect(text).toContain('→ ledger');
  expect(text).toContain('evenOnBehalf');
});

it('no token and no handle stands in any log or answer', async () => {
  const w = await outboundWorld();
  const handle = await w.handle('planner', {});
  const answer = await w.out({ peer: 'billing', handle });
  await w.out({ peer: 'ledger', handle });
  await w.out({ peer: 'billing', handle: `${handle.slice(1)}A` });
  await w.sent(3);
  const given = w.billing.seen[0]?.headers.authorization?.replace('Bearer ', '') ?? 'none';
  const presented = new URLSearchParams(w.sts.seen[0]?.body).get('subject_token') ?? 'none';
  const told = JSON.stringify([await w.audit(), answer.headers]) + w.log() + answer.text;
  for (const secret of [handle, given, presented]) expect(told).not.toContain(secret);
});
