import { expect, it } from 'vitest';
import { until, world } from '../support/harness.ts';
import { OK, SWITCHED, listenTo, scriptedAgent } from '../support/scripted-agent.ts';

const GET = 'GET /invoices HTTP/1.1\r\nhost: x\r\n\r\n';
const UPGRADE =
  'GET /socket HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n';

it('an upgrade behind another call is refused in its turn, and the process goes on', async () => {
  const agent = await scriptedAgent();
  const w = await world({ upstream: agent.upstream });
  const socket = await w.raw();
  const heard = listenTo(socket);
  socket.write(GET + UPGRADE);
  await until(() => agent.sockets[0]?.write(OK));
  await until(() => heard.statuses()[1]);
  expect(heard.statuses()).toEqual([200, 400]);
  expect(agent.heads).toHaveLength(1);
  const lines = await w.ended(2);
  expect(lines.map(({ code }) => code).sort()).toEqual(['MALFORMED_REQUEST', 'OK']);
});

it('a CONNECT behind another call ends the connection, and both are recorded', async () => {
  const agent = await scriptedAgent();
  const w = await world({ upstream: agent.upstream });
  const socket = await w.raw();
  const heard = listenTo(socket);
  socket.write(`${GET}CONNECT evil:443 HTTP/1.1\r\nhost: evil\r\n\r\n`);
  await until(() => heard.closed || undefined);
  const lines = await w.ended(2);
  expect(lines.map(({ code }) => code).sort()).toEqual(['CALLER_LEFT', 'MALFORMED_REQUEST']);
});

it('an Upgrade field alone, without its Connection option, never reaches the agent', async () => {
  const agent = await scriptedAgent((socket) => void socket.write(SWITCHED));
  const w = await world({ upstream: agent.upstream });
  const socket = await w.raw();
  const heard = listenTo(socket);
  socket.write('GET /socket HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\n\r\n');
  await until(() => heard.statuses()[0]);
  expect(heard.statuses()).toEqual([400]);
  expect(agent.heads).toEqual([]);
});

it('bytes before the answer to an upgrade reach the agent only after it has agreed, and whole', async () => {
  const agent = await scriptedAgent();
  const w = await world({ upstream: agent.upstream });
  const socket = await w.raw();
  const heard = listenTo(socket);
  const early = 'early'.repeat(40_000);
  socket.write(UPGRADE + early);
  await until(() => agent.heads[0]);
  expect(agent.bytes()).not.toContain('early');
  agent.sockets[0]?.write(SWITCHED);
  await until(() => heard.statuses()[0]);
  socket.write('late');
  await until(() => agent.bytes().endsWith('late') || undefined);
  expect(agent.bytes().endsWith(`\r\n\r\n${early}late`)).toBe(true);
});

it('bytes before an answer that stays with HTTP reach nobody', async () => {
  const agent = await scriptedAgent();
  const w = await world({ upstream: agent.upstream });
  const socket = await w.raw();
  const heard = listenTo(socket);
  socket.write(`${UPGRADE}GET /admin HTTP/1.1\r\nhost: x\r\n\r\n`);
  await until(() => agent.sockets[0]?.write(OK));
  await until(() => heard.closed || undefined);
  expect(heard.statuses()).toEqual([200]);
  expect(agent.bytes()).not.toContain('admin');
  expect(await w.ended(1)).toMatchObject([{ code: 'OK', path: '/socket' }]);
});
