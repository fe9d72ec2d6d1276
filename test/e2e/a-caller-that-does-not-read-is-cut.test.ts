import type { Socket } from 'node:net';
import { expect, it } from 'vitest';
import { until, world, type World } from '../support/harness.ts';
import { SWITCHED, listenTo, scriptedAgent } from '../support/scripted-agent.ts';

const POLICY = `version: 1
trustDomain: acme.test
agents: { billing: [], planner: [] }
routes:
  GET /much: []
  GET /silent: []
  GET /socket: { scopes: [], upgrade: websocket }
`;
const STREAM = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n';
const WEBSOCKET =
  'connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
const ACCEPTED = SWITCHED.replace(
  '\r\n\r\n',
  '\r\nsec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n',
);

/** Answers `/much` and sockets that ask for it without end, and is silent after the head of everything else. */
function answer(socket: Socket, head: string): void {
  const chunked = !head.includes('upgrade: websocket');
  socket.write(chunked ? STREAM : ACCEPTED);
  if (!head.includes('much')) return;
  const data = 'x'.repeat(65_536);
  const chunk = chunked ? `10000\r\n${data}\r\n` : data;
  const more = (): void => {
    while (socket.writable && socket.write(chunk));
  };
  socket.on('drain', more);
  more();
}

async function sidegate(flags: Readonly<Record<string, string>>) {
  const agent = await scriptedAgent(answer);
  const w = await world({ upstream: agent.upstream, policy: POLICY, flags });
  return { agent, w };
}

/** Asks, and reads nothing of what comes. */
async function askAndLook(w: World, path: string, headers = '') {
  const socket = await w.raw();
  socket.pause();
  socket.write(`GET ${path} HTTP/1.1\r\nhost: x\r\n${headers}\r\n`);
  return socket;
}

async function askAndRead(w: World, path: string, headers = '') {
  const socket = await w.raw();
  const heard = listenTo(socket);
  socket.write(`GET ${path} HTTP/1.1\r\nhost: x\r\n${headers}\r\n`);
  await until(() => heard.statuses()[0]);
  return heard;
}

it('is cut, its call at the agent ended; who waits for events that do not come is left alone', async () => {
  const { agent, w } = await sidegate({ 'limits.send-timeout': '100ms' });
  const events = await askAndRead(w, '/silent');
  const idleSocket = await askAndRead(w, '/socket', WEBSOCKET);
  const reader = await askAndLook(w, '/much');
  const socketReader = await askAndLook(w, '/socket?much', WEBSOCKET);
  const lines = await w.ended(2);
  expect(lines).toMatchObject([
    { code: 'SLOW_READER', how: 'cut', stage: 'request' },
    { code: 'SLOW_READER', how: 'cut', stage: 'request' },
  ]);
  expect(lines.map(({ status }) => status).toSorted()).toEqual([101, 200]);
  await until(() => (agent.open() === 2 ? true : undefined));
  expect(await w.metrics()).toMatch(/^sidegate_requests_total\{.*code="SLOW_READER"\} 1$/m);
  const again = await askAndLook(w, '/much');
  await w.ended(3);
  expect([events.closed, idleSocket.closed]).toEqual([false, false]);
  for (const socket of [reader, socketReader, again]) socket.destroy();
});

it('is not cut while it reads, however long it takes', async () => {
  const { w } = await sidegate({ 'limits.send-timeout': '100ms' });
  const reader = await askAndRead(w, '/much');
  await askAndLook(w, '/much');
  const before = reader.text.length;
  await w.ended(1);
  expect(reader.closed).toBe(false);
  await until(() => (reader.text.length > before ? true : undefined));
});
