import { randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { until } from '../support/harness.ts';
import { answerJson, type Answering } from '../support/peers.ts';
import {
  TASK_PEERS,
  TASK_ROUTES,
  grantAnything,
  taskWorld,
  type AgentAnswer,
  type TaskOptions,
  type TaskWorld,
} from '../support/tasks.ts';

const GRACE = { 'outbound.grace': '0s' };
const DOWN = 'TOKEN_SERVICE_UNAVAILABLE';
const SECRET = 'what-only-the-service-knows';

const said =
  (...fields: readonly string[]): AgentAnswer =>
  (_, response) =>
    void response.writeHead(202, fields.flat()).end('accepted');

function granting(changes: object, status = 201): Answering {
  const grant = { grant: 'task-1', expires_in: 600, scope: 'invoices:read' };
  return (_, response) => answerJson(response, status, { ...grant, ...changes });
}

/** The refused caller has nothing of the answer, and the handle is worth nothing. */
async function expectRefused(w: TaskWorld, code: string, detail: string, path = '/work') {
  const answer = await w.work('run-7', { path });
  expect(answer.json()).toMatchObject({ code });
  expect(answer.status).toBe(code === DOWN ? 503 : 502);
  expect(answer.text).not.toContain('accepted');
  const [line] = await w.ended(1);
  expect(line).toMatchObject({ code });
  expect(line?.detail).toContain(detail);
  expect(line).not.toHaveProperty('task');
  const out = await w.out({ peer: 'billing', handle: w.lastHandle() });
  expect(out.json()).toMatchObject({ code: 'CONTEXT_REFUSED' });
  expect(w.billing.connections).toBe(0);
  expect(await w.metrics()).toContain('sidegate_tasks 0');
}

const NAME = 'x-sidegate-task';
const malformed: readonly [string, AgentAnswer][] = [
  ['empty', said(NAME, '')],
  ['with a blank in it', said(NAME, 'run 7')],
  ['of 129 characters', said(NAME, 'a'.repeat(129))],
  ['with a slash', said(NAME, '../run')],
  ['of other letters', said(NAME, 'rün')],
  ['there twice', said(NAME, 'run-7', 'X-Sidegate-Task', 'run-7')],
  ['misspelled', said('x_sidegate_task', 'run-7')],
  ['there in two spellings', said(NAME, 'run-7', 'x-sidegate_task', 'run-7')],
];

it.each(malformed)('one whose name is %s', async (_, answer) => {
  const w = await taskWorld({ real: false, flags: GRACE });
  w.says(answer);
  await expectRefused(w, 'TASK_REFUSED', 'no name of a task');
  expect(w.sts.seen).toEqual([]);
});

const forbidden: readonly [string, string, TaskOptions, string][] = [
  ['on a route that has none', '/brief', {}, "'GET /brief' does not say 'tasks'"],
  [
    'whose token has nothing that a peer takes',
    '/work',
    { peers: TASK_PEERS.replaceAll('invoices:read', 'refunds:read') },
    'no delegated peer takes',
  ],
  ['of an agent without delegated peers', '/work', { sts: false }, 'no delegated peer takes'],
];

it.each(forbidden)('one %s', async (_, path, options, detail) => {
  const w = await taskWorld({ real: false, flags: GRACE, ...options });
  const answer = await w.work('run-7', { path });
  expect(answer).toMatchObject({ status: 502 });
  expect(answer.json()).toMatchObject({ code: 'TASK_REFUSED' });
  const [line] = await w.ended(1);
  expect(line?.detail).toContain(detail);
  const out = await w.out({ peer: 'open', handle: w.lastHandle() });
  expect(out.json()).toMatchObject({ code: 'CONTEXT_REFUSED' });
  expect(w.sts.seen).toEqual([]);
});

const wrong: readonly [string, Answering, string, string][] = [
  ['refuses', granting({ error: 'invalid_target' }, 400), 'TASK_REFUSED', 'invalid_target'],
  ['does not know us', granting({ error: 'invalid_client' }, 401), 'TASK_REFUSED', 'invalid_cl'],
  ['knows no tasks', (_, r) => void r.writeHead(404).end(SECRET), 'TASK_REFUSED', 'status 404'],
  ['has too many', granting({ error: 'temporarily_unavailable' }, 503), DOWN, 'temporarily'],
  ['is broken', (_, r) => void r.writeHead(500).end(SECRET), DOWN, 'status 500'],
  ['breaks off', (_, r) => void r.destroy(), DOWN, 'UPSTREAM_PROTOCOL'],
  ['gives a token instead', granting({}, 200), DOWN, 'status 200'],
  ['names no grant', granting({ grant: undefined }), DOWN, 'names no grant'],
  ['names a grant that is a way', granting({ grant: '../token' }), DOWN, 'names no grant'],
  ['grants more', granting({ scope: 'invoices:read invoices:write' }), DOWN, 'more scopes'],
  ['does not say for how long', granting({ expires_in: 'long' }), DOWN, 'for how long'],
];

it.each(wrong)('one for which the token service %s', async (_, answering, code, detail) => {
  const w = await taskWorld({ real: false, flags: GRACE });
  w.sts.answer(answering);
  await expectRefused(w, code, detail);
  expect(JSON.stringify(await w.audit()) + w.log()).not.toContain(SECRET);
});

it('one for which there is no token service that can be reached', async () => {
  const w = await taskWorld({ real: false, flags: GRACE });
  w.sts.stop();
  await expectRefused(w, DOWN, 'PEER_UNREACHABLE');
});

it('one more than may go on', async () => {
  const full = JSON.stringify({ version: 1, tasks: Array.from({ length: 500 }, written) });
  const flags = { ...GRACE, 'outbound.tasks': 'tasks.json' };
  const w = await taskWorld({ real: false, flags, files: { 'tasks.json': full } });
  expect(await w.metrics()).toContain('sidegate_tasks 500');
  const answer = await w.work();
  expect(answer.json()).toMatchObject({ code: 'TASK_REFUSED' });
  expect((await w.ended(1))[0]?.detail).toContain('as many tasks go on as may');
  expect(w.sts.seen).toEqual([]);
});

it('one more of a caller that has half of them, but none of another caller', async () => {
  const half = JSON.stringify({ version: 1, tasks: Array.from({ length: 250 }, written) });
  const flags = { ...GRACE, 'outbound.tasks': 'tasks.json' };
  const w = await taskWorld({ real: false, flags, files: { 'tasks.json': half } });
  const answer = await w.work();
  expect(answer.json()).toMatchObject({ code: 'TASK_REFUSED' });
  expect((await w.work('run-7', { as: 'portal' })).status).toBe(200);
});

it('one more of a caller whose calls left while theirs were registered, and tokens are still had', async () => {
  const w = await taskWorld({ real: false, flags: { 'outbound.calls': '20' } });
  w.sts.answer((seen, response) => {
    if (seen.path !== '/grants') grantAnything(seen, response);
  });
  const { authorization } = await w.bearer('planner', { aud: 'spiffe://acme.test/agent/invoices' });
  const head = `GET /work?run HTTP/1.1\r\nhost: x\r\nauthorization: ${authorization}\r\n\r\n`;
  for (let i = 1; i <= 8; i += 1) {
    const socket = await w.raw(w.as('planner'));
    socket.write(head);
    await expect.poll(() => w.sts.seen.length).toBe(i);
    socket.destroy();
    await w.ended(i);
  }
  expect((await w.work()).json()).toMatchObject({ code: 'TASK_REFUSED' });
  w.says((_, response) => void response.end('ok'));
  await w.work('run-7', { as: 'portal' });
  expect((await w.out({ peer: 'billing', handle: w.lastHandle() })).status).toBe(200);
});

it('one that cannot be written down, and the token service has its grant back', async () => {
  const flags = { ...GRACE, 'outbound.tasks': 'sub/tasks.json' };
  const w = await taskWorld({ real: false, flags });
  w.write('sub', 'a file, and no folder');
  await expectRefused(w, 'TASK_REFUSED', 'cannot write');
  const [asked, back] = await until(() => (w.sts.seen.length > 1 ? w.sts.seen : undefined));
  expect([asked?.method, back?.method]).toEqual(['POST', 'DELETE']);
  expect(back?.path).toMatch(/^\/grants\/task-\d+$/);
});

it('its answer is dropped, and the agent that is still sending hears of it', async () => {
  const w = await taskWorld({ real: false });
  let closed = false;
  w.says((_, response) => {
    response.writeHead(200, { 'x-sidegate-task': 'run-7' }).write('accepted');
    const more = setInterval(() => response.write('.'.repeat(1024)), 5);
    response.on('close', () => {
      clearInterval(more);
      closed = true;
    });
  });
  const answer = await w.work('run-7', { path: '/brief' });
  expect(answer.text).not.toContain('accepted');
  await expect.poll(() => closed).toBe(true);
});

const harmless: readonly [string, (w: TaskWorld) => Promise<number>][] = [
  ['without a token', async (w) => (await w.call({ as: 'planner', path: '/work?run-7' })).status],
  [
    'without a token, with what is no name',
    async (w) => (await w.call({ as: 'planner', path: '/work?run%207' })).status,
  ],
  ['on a route without one', async (w) => (await w.call({ as: 'planner', path: '/plain' })).status],
  [
    'that only shadow mode lets through',
    async (w) => (await w.work('run-7', { path: '/shadowed' })).status,
  ],
];

it.each(harmless)('of a call %s nothing goes on, and nothing is said', async (_, call) => {
  const w = await taskWorld({ real: false, flags: GRACE });
  w.says((_request, response) => response.setHeader(NAME, 'run-7').end('ok'));
  expect(await call(w)).toBe(200);
  const [line] = await w.ended(1);
  expect(line).not.toHaveProperty('task');
  const out = await w.out({ peer: 'open', handle: w.lastHandle() });
  expect(out.json()).toMatchObject({ code: 'CONTEXT_REFUSED' });
  expect(w.sts.seen).toEqual([]);
});

/** The token service has been asked, and answers when it is told to. */
async function slow(w: TaskWorld): Promise<() => void> {
  let release = (): void => undefined;
  w.sts.answer((seen, response) => {
    if (seen.method === 'DELETE') grantAnything(seen, response);
    else release = () => grantAnything(seen, response);
  });
  return Promise.resolve(() => release());
}

it('one whose caller leaves while it is registered, and its grant is given back', async () => {
  const w = await taskWorld({ real: false });
  const release = await slow(w);
  const socket = await w.raw(w.as('planner'));
  const { authorization } = await w.bearer('planner', { aud: 'spiffe://acme.test/agent/invoices' });
  socket.write(`GET /work?run-7 HTTP/1.1\r\nhost: x\r\nauthorization: ${authorization}\r\n\r\n`);
  await expect.poll(() => w.sts.seen.length).toBe(1);
  socket.destroy();
  expect((await w.ended(1))[0]).toMatchObject({ code: 'CALLER_LEFT' });
  release();
  await expect.poll(() => w.sts.seen[1]?.method).toBe('DELETE');
  expect(await w.metrics()).toContain('sidegate_tasks 0');
  const out = await w.out({ peer: 'billing', handle: w.lastHandle() });
  expect(w.sts.seen.filter(({ path }) => path === '/token').length).toBeLessThan(2);
  // As after any call that its caller left: the grace is there, the task is not.
  expect((await w.sent(1))[0]).not.toHaveProperty('taskGrant');
  expect(out.status).toBe(503);
});

it('one whose call grows too large while it is registered, and its caller is told', async () => {
  const w = await taskWorld({ real: false });
  const bounded = `POST /work: { scopes: [], token: required, onBehalfOf: required, tasks: 30m, body: 1KiB }`;
  w.put({ routes: TASK_ROUTES.replace('GET /plain: []', bounded) });
  w.says((_, response) => void response.setHeader(NAME, 'run-7').write('accepted'));
  const release = await slow(w);
  const socket = await w.raw(w.as('planner'));
  const { authorization } = await w.bearer('planner', { aud: 'spiffe://acme.test/agent/invoices' });
  const head = `POST /work HTTP/1.1\r\nhost: x\r\nauthorization: ${authorization}\r\n`;
  socket.write(`${head}transfer-encoding: chunked\r\n\r\n1\r\nx\r\n`);
  await expect.poll(() => w.sts.seen.length).toBe(1);
  socket.write(`1000\r\n${'x'.repeat(4096)}\r\n`);
  await setTimeout(200);
  release();
  const told = Buffer.concat((await socket.toArray()) as Buffer[]).toString();
  expect(told).toMatch(/^HTTP\/1\.1 413 /);
  await expect.poll(() => w.sts.seen[1]?.method).toBe('DELETE');
  const [line] = await w.ended(1);
  expect(line).toMatchObject({ code: 'TOO_LARGE' });
  expect(line).not.toHaveProperty('task');
  expect(await w.metrics()).toContain('sidegate_tasks 0');
});

it('one whose caller is killed while it is registered', async () => {
  const w = await taskWorld({ real: false });
  const release = await slow(w);
  const answer = w.work();
  await expect.poll(() => w.sts.seen.length).toBe(1);
  await w.kill('planner');
  expect((await answer).json()).toMatchObject({ code: 'AGENT_DISABLED' });
  release();
  await expect.poll(() => w.sts.seen[1]?.method).toBe('DELETE');
  expect(await w.metrics()).toContain('sidegate_tasks 0');
});

function written() {
  const grant = `task-${randomBytes(8).toString('hex')}`;
  return {
    ...{ handle: randomBytes(32).toString('base64url'), task: 'run', grant, audiences: [] },
    ...{ agent: 'planner', callId: 'c', issuer: { name: 'sts', issuer: 'https://sts.acme.test' } },
    ...{ subject: { issuer: 'https://sts.acme.test', subject: 'alice' }, actors: [] },
    ...{ onBehalf: true, tokenId: 'j', scopes: [] },
    ...{ since: Date.now(), endsAt: Date.now() + 600_000, ended: false },
  };
}
