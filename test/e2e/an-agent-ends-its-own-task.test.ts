import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { OutOptions } from '../support/outbound.ts';
import { grantAnything, taskWorld } from '../support/tasks.ts';

const OURS = { host: 'sidegate.internal' };

it('at once here, and at the token service', async () => {
  const w = await taskWorld();
  const handle = await w.start();
  const [{ taskGrant, id } = {}] = await w.ended(1);
  const answer = await w.finish(handle);
  expect({ status: answer.status, text: answer.text }).toEqual({ status: 204, text: '' });
  expect((await w.out({ peer: 'billing', handle })).json()).toMatchObject({
    code: 'CONTEXT_REFUSED',
  });
  expect((await w.finish(handle)).json()).toMatchObject({ code: 'CONTEXT_REFUSED' });
  expect(await w.metrics()).toContain('sidegate_tasks 0');
  const [line] = await w.sent(3);
  expect(line).toMatchObject({
    ...{ decision: 'allow', code: 'OK', status: 204, method: 'DELETE', path: '/task' },
    ...{ taskGrant, inboundId: id, inboundAgent: 'planner', subject: { sub: 'alice' } },
  });
  const there = (await w.service!.audit()).at(-1);
  expect(there).toMatchObject({ grant: 'task-end', decision: 'allow', code: 'OK', taskGrant });
  expect((await w.why(String(line?.id))) as object).toMatchObject({ verdict: 'allow' });
});

it('here though the token service cannot be told, which the same request again does', async () => {
  const w = await taskWorld({ real: false });
  const handle = await w.start();
  expect((await w.out({ peer: 'billing', handle })).status).toBe(200);
  w.sts.answer((_, response) => void response.writeHead(500).end());
  for (let i = 0; i < 2; i += 1) {
    const answer = await w.finish(handle);
    expect(answer.status).toBe(503);
    expect(answer.json()).toMatchObject({ code: 'TOKEN_SERVICE_UNAVAILABLE' });
    expect((await w.out({ peer: 'billing', handle })).json()).toMatchObject({
      code: 'CONTEXT_REFUSED',
    });
  }
  expect(await w.metrics()).toContain('sidegate_tasks 0');
  w.sts.answer(grantAnything);
  expect((await w.finish(handle)).status).toBe(204);
  expect((await w.finish(handle)).json()).toMatchObject({ code: 'CONTEXT_REFUSED' });
  expect(w.billing.seen.length).toBe(1);
  const paths = w.sts.seen.filter(({ method }) => method === 'DELETE').map(({ path }) => path);
  expect(new Set(paths).size).toBe(1);
  expect(paths.length).toBe(3);
  const [, refused] = await w.sent(2);
  expect(refused).toMatchObject({ decision: 'deny', code: 'TOKEN_SERVICE_UNAVAILABLE' });
});

it('and one that the operator has revoked meanwhile is as good as ended', async () => {
  const w = await taskWorld({ real: false });
  const handle = await w.start();
  w.sts.answer((_, response) => {
    response.writeHead(400, { 'content-type': 'application/json' });
    response.end('{"error":"invalid_request"}');
  });
  expect((await w.finish(handle)).status).toBe(204);
});

it('with the calls to peers that are under way because of it', async () => {
  const w = await taskWorld({ real: false });
  const handle = await w.start();
  w.billing.answer((_, response) => void response.writeHead(200).write('and so on'));
  const open = w.out({ peer: 'billing', handle });
  open.catch(() => undefined);
  await expect.poll(() => w.billing.seen.length).toBe(1);
  expect((await w.finish(handle)).status).toBe(204);
  await expect(open).rejects.toThrow();
  const codes = (await w.sent(2)).map(({ code }) => code);
  expect(codes.toSorted()).toEqual(['CONTEXT_REFUSED', 'OK']);
});

it('and a call whose token is being had meanwhile does not go out', async () => {
  const w = await taskWorld({ real: false });
  const handle = await w.start();
  let release = (): void => undefined;
  w.sts.answer((seen, response) => {
    if (seen.path === '/token') release = () => grantAnything(seen, response);
    else grantAnything(seen, response);
  });
  const asked = w.sts.seen.length;
  const out = w.out({ peer: 'billing', handle });
  await expect.poll(() => w.sts.seen.length).toBe(asked + 1);
  expect((await w.finish(handle)).status).toBe(204);
  release();
  expect((await out).json()).toMatchObject({ code: 'CONTEXT_REFUSED' });
  expect(w.billing.seen).toEqual([]);
});

const wrong: readonly [string, (handle: string) => OutOptions, string][] = [
  ['another method', (handle) => ({ handle, method: 'GET' }), 'OUTBOUND_REFUSED'],
  ['POST', (handle) => ({ handle, method: 'POST' }), 'OUTBOUND_REFUSED'],
  ['another path', (handle) => ({ handle, path: '/tasks' }), 'OUTBOUND_REFUSED'],
  ['a query', (handle) => ({ handle, path: '/task?all' }), 'OUTBOUND_REFUSED'],
  ['another spelling', (handle) => ({ handle, path: '/%74ask' }), 'MALFORMED_REQUEST'],
  [
    'a host below ours',
    (handle) => ({ handle, headers: { host: 'x.sidegate.internal' } }),
    'OUTBOUND_REFUSED',
  ],
  [
    'a port that is not there',
    (handle) => ({ handle, headers: { host: 'sidegate.internal:8080' } }),
    'OUTBOUND_REFUSED',
  ],
  [
    'the name of a peer',
    (handle) => ({ handle, headers: { host: 'sidegate.peer.internal' } }),
    'PEER_UNKNOWN',
  ],
  [
    'an origin',
    (handle) => ({ handle, headers: { ...OURS, origin: 'https://x.test' } }),
    'OUTBOUND_REFUSED',
  ],
  [
    'a mark of a browser',
    (handle) => ({ handle, headers: { ...OURS, 'sec-fetch-site': 'none' } }),
    'OUTBOUND_REFUSED',
  ],
  ['no handle', () => ({}), 'CONTEXT_MISSING'],
  ['a handle of nothing', () => ({ handle: 'A'.repeat(43) }), 'CONTEXT_REFUSED'],
  [
    'its handle twice',
    (handle) => ({ headers: { ...OURS, 'x-sidegate-context': [handle, handle] } }),
    'CONTEXT_REFUSED',
  ],
  [
    'its handle misspelled',
    (handle) => ({ headers: { ...OURS, x_sidegate_context: handle } }),
    'CONTEXT_REFUSED',
  ],
];

it.each(wrong)('but not by a request with %s', async (_, options, code) => {
  const w = await taskWorld({ real: false });
  const handle = await w.start();
  const base = { method: 'DELETE', path: '/task', headers: OURS };
  const answer = await w.out({ ...base, ...options(handle) });
  expect(answer.json()).toMatchObject({ code });
  expect(w.sts.seen.filter(({ method }) => method === 'DELETE')).toEqual([]);
  expect((await w.out({ peer: 'billing', handle })).status).toBe(200);
});

it('but not a call: its handle ends by itself', async () => {
  const w = await taskWorld({ real: false });
  w.says((_, response) => void response.end('ok'));
  await w.work();
  const handle = w.lastHandle();
  expect((await w.finish(handle)).json()).toMatchObject({ code: 'CONTEXT_REFUSED' });
  expect((await w.out({ peer: 'billing', handle })).status).toBe(200);
  expect(w.sts.seen.filter(({ method }) => method === 'DELETE')).toEqual([]);
});

it('over TCP only with the secret of the door', async () => {
  const secret = 'a-secret-that-is-long-enough-for-the-door';
  const folder = mkdtempSync(join(tmpdir(), 'sidegate-secret-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'secret');
  writeFileSync(file, secret, { mode: 0o600 });
  const flags = { 'outbound.listen': '127.0.0.1:0', 'outbound.secret': file };
  const w = await taskWorld({ real: false, flags });
  const handle = await w.start();
  expect((await w.finish(handle)).json()).toMatchObject({ code: 'OUTBOUND_REFUSED' });
  const headers = { ...OURS, 'x-sidegate-secret': secret };
  const asked = { method: 'DELETE', path: '/task', handle, headers };
  expect((await w.out(asked)).status).toBe(204);
});
