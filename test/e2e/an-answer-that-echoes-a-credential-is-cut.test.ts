import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { join } from 'node:path';
import type { Socket } from 'node:net';
import { expect, it } from 'vitest';
import { SWITCHED, listenTo, scriptedAgent } from '../support/scripted-agent.ts';
import { until, type World } from '../support/harness.ts';
import { tokenPolicy, tokenWorld } from '../support/tokens.ts';

const POLICY = `${tokenPolicy(
  `  GET /work: { scopes: [], token: required, onBehalfOf: required }
  GET /socket: { scopes: [], upgrade: websocket }`,
)}peers:
  ledger: { at: 'https://127.0.0.1:1' }
`;
const OUTBOUND = { 'outbound.listen': 'unix:outbound.sock' };

const handleIn = (head: string) => /x-sidegate-context: (\S+)/.exec(head)?.[1] ?? '';

/** A world whose agent answers with what it got. */
async function echoing(answer: (socket: Socket, handle: string) => void) {
  const agent = await scriptedAgent((socket, head) => answer(socket, handleIn(head)));
  const w = await tokenWorld({ policy: POLICY, upstream: agent.upstream, flags: OUTBOUND });
  const call = async () =>
    w.open({ as: 'planner', path: '/work', headers: await w.bearer('planner') });
  return { w, call, handle: () => handleIn(agent.heads[0] ?? '') };
}

/** What the way out says to a call with that handle. */
function useHandle(w: World, handle: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { host: 'ledger.peer.internal', 'x-sidegate-context': handle };
    const asked = request({ socketPath: join(w.folder, 'outbound.sock'), path: '/', headers });
    asked.once('error', reject).once('response', (response) => {
      void response.toArray().then((chunks) => {
        const text = Buffer.concat(chunks as Buffer[]).toString();
        resolve((JSON.parse(text) as { code: string }).code);
      }, reject);
    });
    asked.end();
  });
}

it('in a header field: the caller is told that there is no usable answer', async () => {
  const { w, call, handle } = await echoing((socket, got) => {
    socket.write(`HTTP/1.1 200 OK\r\nx-debug: got ${got}!\r\ncontent-length: 2\r\n\r\nok`);
  });
  const answer = await call();
  expect(answer.statusCode).toBe(502);
  expect(Buffer.concat((await answer.toArray()) as Buffer[]).toString()).not.toContain(handle());
  const [line] = await w.ended(1);
  expect(line).toMatchObject({ code: 'CREDENTIAL_ECHOED', status: 502 });
  expect(await w.metrics()).toMatch(/sidegate_requests_total\{[^}]*code="CREDENTIAL_ECHOED"\} 1/);
  // Whatever else the agent has done with it, it is worth nothing any more.
  expect(await useHandle(w, handle())).toBe('CONTEXT_REFUSED');
});

it.each([0, 1, 21, 42])(
  'in the body, behind %i of its characters: the answer is broken off before it is whole',
  async (before) => {
    const { w, call, handle } = await echoing((socket, got) => {
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: 1043\r\n\r\n${'x'.repeat(500)}`);
      socket.write(got.slice(0, before));
      setTimeout(() => void socket.write(`${got.slice(before)}${'y'.repeat(500)}`), 50);
    });
    const answer = await call();
    expect(answer.statusCode).toBe(200);
    const chunks: Buffer[] = [];
    answer.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', () => undefined);
    await until(() => answer.destroyed || undefined);
    expect(answer.complete).toBe(false);
    expect(Buffer.concat(chunks).toString()).not.toContain(handle());
    const [line] = await w.ended(1);
    expect(line).toMatchObject({ code: 'CREDENTIAL_ECHOED', decision: 'allow' });
    expect(await useHandle(w, handle())).toBe('CONTEXT_REFUSED');
  },
);

it('in a WebSocket: both directions end', async () => {
  const { w, handle } = await echoing((socket, got) => {
    socket.write(SWITCHED);
    setTimeout(() => void socket.write(`\u0081+${got}`), 50);
  });
  const socket = await w.raw(w.as('planner'));
  const heard = listenTo(socket);
  const head = 'GET /socket HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n';
  socket.write(
    `${head}sec-websocket-key: ${randomBytes(16).toString('base64')}\r\nsec-websocket-version: 13\r\n\r\n`,
  );
  await until(() => heard.closed || undefined);
  expect(heard.statuses()).toEqual([101]);
  expect(heard.text).not.toContain(handle());
  expect((await w.ended(1))[0]).toMatchObject({ code: 'CREDENTIAL_ECHOED' });
});

it('an answer that holds none goes through as it is, and its handle works on for its grace', async () => {
  const body = randomBytes(300_000).toString('base64url');
  const { w, call, handle } = await echoing((socket) => {
    socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
  });
  const answer = await call();
  expect(Buffer.concat((await answer.toArray()) as Buffer[]).toString()).toBe(body);
  await w.ended(1);
  // Nobody listens there: it was let through to the peer's place.
  expect(await useHandle(w, handle())).toBe('PEER_UNREACHABLE');
});
