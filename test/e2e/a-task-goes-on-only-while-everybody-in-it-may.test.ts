import { join } from 'node:path';
import { expect, it } from 'vitest';
import { adminCall } from '../../src/status/index.ts';
import {
  STS_AGENTS,
  TASK_AGENTS,
  TASK_PEERS,
  TASK_ROUTES,
  taskWorld,
  type TaskWorld,
} from '../support/tasks.ts';
import { ISSUER, idOf } from '../support/tokens.ts';

const DISABLED = (name: string) => `${name}: { scopes: [invoices:read], disabled: true }`;
const ACTED = { act: { sub: idOf('planner'), act: { sub: idOf('portal') } } };

async function codeOf(w: TaskWorld, handle: string, peer = 'billing'): Promise<unknown> {
  const { status, text } = await w.out({ peer, handle });
  return status === 200 ? 'OK' : (JSON.parse(text) as { code: string }).code;
}

const changes: readonly [string, (w: TaskWorld) => unknown][] = [
  [
    'its caller is disabled',
    (w) => w.put({ agents: TASK_AGENTS.replace('planner: [invoices:read]', DISABLED('planner')) }),
  ],
  [
    'somebody in its chain is disabled',
    (w) => w.put({ agents: TASK_AGENTS.replace('portal: [invoices:read]', DISABLED('portal')) }),
  ],
  ['its caller is an agent no more', (w) => w.put({ agents: '  portal: [invoices:read]' })],
  ['its caller is killed', (w) => w.kill('planner')],
  ['somebody in its chain is killed', (w) => w.kill('portal')],
  [
    'its peer is not delegated any more',
    (w) => w.put({ peers: TASK_PEERS.replace('authority: delegated', 'authority: own') }),
  ],
  [
    'its peer takes nothing along any more',
    (w) =>
      w.put({
        peers: TASK_PEERS.replace(
          ', authority: delegated, scopes: [invoices:read, invoices:write]',
          '',
        ),
      }),
  ],
  [
    'its peer is somebody else',
    (w) =>
      w.put({
        peers: TASK_PEERS.replace(
          "at: 'https://127.0.0.1:{billing}'",
          `at: 'https://127.0.0.1:{ledger}', id: '${idOf('ledger')}'`,
        ),
      }),
  ],
];

it.each(changes)('not when %s', async (_, change) => {
  const w = await taskWorld({ real: false });
  const handle = await w.start('run-7', ACTED);
  expect(await codeOf(w, handle)).toBe('OK');
  const [tokens, calls] = [w.sts.seen.length, w.billing.seen.length];
  await change(w);
  expect(await codeOf(w, handle)).toBe('CONTEXT_REFUSED');
  expect([w.sts.seen.length, w.billing.seen.length, w.ledger.seen.length]).toEqual([
    ...[tokens, calls, 0],
  ]);
});

it('not when its peer is gone, or its issuer', async () => {
  const w = await taskWorld({ real: false });
  const handle = await w.start();
  w.put({ peers: TASK_PEERS.split('\n').slice(1).join('\n') });
  expect(await codeOf(w, handle)).toBe('PEER_UNKNOWN');
  w.put({});
  expect(await codeOf(w, handle)).toBe('OK');
  w.write(
    'policy.yaml',
    w.policyWith(TASK_PEERS).replace(ISSUER, 'https://another.test').replace('sts:', 'other:'),
  );
  expect(w.sidecar.reload().filter(({ ok }) => !ok)).toEqual([]);
  expect(await codeOf(w, handle)).toBe('CONTEXT_REFUSED');
});

it('not at other peers than those that it was granted for, whatever these take along', async () => {
  const w = await taskWorld({ real: false });
  const handle = await w.start();
  for (const peer of ['ledger', 'open'])
    expect(await codeOf(w, handle, peer)).toBe('CONTEXT_REFUSED');
  const late = `${TASK_PEERS}
  late: { at: 'https://127.0.0.1:{ledger}', id: '${idOf('ledger')}', authority: delegated, scopes: [invoices:read] }`;
  w.put({ peers: late });
  expect(await codeOf(w, handle, 'late')).toBe('CONTEXT_REFUSED');
  expect(w.ledger.connections).toBe(0);
});

it('but when the call that started it is cut: by a reload, or for its token has ended', async () => {
  let later = 0;
  const w = await taskWorld({ real: false, now: () => Date.now() + later });
  w.says((_, response) => response.writeHead(200, { 'x-sidegate-task': 'run' }).write('open'));
  const routes = TASK_ROUTES.replace('GET /work', 'GET /other');
  const ended = async (claims: object, cut: () => void): Promise<unknown> => {
    const headers = await w.bearer('planner', { aud: idOf('invoices'), ...claims });
    const open = await w.open({ as: 'planner', path: '/work', headers });
    const handle = w.lastHandle();
    const broken = new Promise((resolve) => open.once('error', resolve).once('close', resolve));
    open.resume();
    cut();
    await broken;
    return codeOf(w, handle);
  };
  expect(await ended({}, () => w.put({ routes }))).toBe('OK');
  w.put({});
  const exp = Math.floor(Date.now() / 1000) + 60;
  expect(await ended({ exp }, () => (later = 90_000))).toBe('OK');
  const codes = (await w.ended(4)).map(({ code }) => code);
  expect(codes.filter((code) => code !== 'OK')).toEqual(['NO_ROUTE', 'TOKEN_EXPIRED']);
});

it('not when its answer goes on to tell the handle, and its grant is given back', async () => {
  const w = await taskWorld({ real: false });
  w.says(({ headers }, response) => {
    response.writeHead(200, { 'x-sidegate-task': 'run' }).write('accepted');
    setTimeout(() => response.end(`your handle is ${String(headers['x-sidegate-context'])}`), 50);
  });
  await w.work().catch(() => undefined);
  expect((await w.ended(1))[0]).toMatchObject({ code: 'CREDENTIAL_ECHOED', task: 'run' });
  expect(await codeOf(w, w.lastHandle())).toBe('CONTEXT_REFUSED');
  await expect.poll(() => w.sts.seen.at(-1)?.method).toBe('DELETE');
});

it('with as much as the policies give by then: a scope that is taken away there is refused', async () => {
  const w = await taskWorld();
  const handle = await w.start();
  w.putThere(STS_AGENTS.replace('planner: { scopes: [invoices:read]', 'planner: { scopes: []'));
  expect(await codeOf(w, handle)).toBe('EXCHANGE_REFUSED');
  // Nothing is wrong with the grant: it is good again when the scope is.
  w.putThere(STS_AGENTS);
  expect(await codeOf(w, handle)).toBe('OK');
});

it('again when somebody in its chain was disabled at the token service, and is not any more', async () => {
  const w = await taskWorld();
  const handle = await w.start('run-7', ACTED);
  const [portal, disabled] = ['portal: [invoices:read]', DISABLED('portal')];
  w.putThere(STS_AGENTS.replace(portal, disabled));
  expect(await codeOf(w, handle)).toBe('EXCHANGE_REFUSED');
  w.putThere(STS_AGENTS);
  expect(await codeOf(w, handle)).toBe('OK');
});

it('not when its grant is revoked: refused, and the handle is worth nothing from then on', async () => {
  const w = await taskWorld();
  const handle = await w.start();
  const [{ taskGrant } = {}] = await w.ended(1);
  const socket = join(w.service?.folder ?? '', 'sts.sock');
  await adminCall(socket, 'POST', `/revoke?id=${String(taskGrant)}&by=test`);
  expect(await codeOf(w, handle)).toBe('EXCHANGE_REFUSED');
  expect(await codeOf(w, handle)).toBe('CONTEXT_REFUSED');
  expect(await w.metrics()).toContain('sidegate_tasks 0');
  expect(w.billing.connections).toBe(0);
});

it('in nobody else: neither its handle nor its grant is of use to another agent', async () => {
  const w = await taskWorld();
  const handle = await w.start();
  const [{ taskGrant } = {}] = await w.ended(1);
  const other = await taskWorld({ real: false });
  expect(await codeOf(other, handle)).toBe('CONTEXT_REFUSED');
  const wanted = { audience: idOf('billing'), scope: 'invoices:read' };
  const stolen = await w.service!.ask({
    as: 'thief',
    form: {
      ...{
        grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
        client_id: idOf('thief'),
      },
      ...{
        subject_token: String(taskGrant),
        subject_token_type: 'urn:sidegate:token-type:task-grant',
      },
      ...wanted,
    },
  });
  expect(stolen.body).toEqual({ error: 'invalid_grant' });
  const ended = await w.service!.ask({
    as: 'thief',
    method: 'DELETE',
    path: `/grants/${String(taskGrant)}`,
  });
  expect(ended).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
  expect(await codeOf(w, handle)).toBe('OK');
});

it('each with its own token: what one got is never used for another, nor for the call itself', async () => {
  const w = await taskWorld({ real: false });
  const [one, two] = [await w.start('one'), await w.start('two')];
  w.says((_, response) => void response.end('ok'));
  await w.work();
  const handles = [one, two, w.lastHandle()];
  for (const handle of [...handles, ...handles]) expect(await codeOf(w, handle)).toBe('OK');
  const subjects = w.billing.seen.map(({ headers }) => {
    const text = Buffer.from(headers.authorization?.replace('Bearer ', '') ?? '', 'base64url');
    return (JSON.parse(text.toString()) as { subject: string }).subject;
  });
  expect(new Set(subjects).size).toBe(3);
  expect(subjects.slice(0, 3)).toEqual(subjects.slice(3));
  expect(subjects[0]).toMatch(/^task-/);
  const inbound = (await w.ended(9)).filter(
    ({ taskGrant, direction }) => taskGrant !== undefined && direction === 'inbound',
  );
  expect(inbound.map(({ taskGrant }) => taskGrant)).toEqual(subjects.slice(0, 2));
});
