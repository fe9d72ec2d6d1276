import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { until, world, type World } from '../support/harness.ts';
import { listenTo, scriptedAgent } from '../support/scripted-agent.ts';

const UPLOAD = 'POST /upload HTTP/1.1\r\nhost: x\r\ncontent-length: 3000000\r\n\r\n';
const ROWS: [string, string, string, number][] = [
  ['a call that is denied', 'planner', UPLOAD, 403],
  ['a call that the agent answers early', 'billing', UPLOAD, 413],
  ['a head that is malformed', 'billing', 'GET / HTTP/1.1\r\nhost : x\r\n\r\n', 400],
  [
    'an upgrade that is denied',
    'billing',
    'GET /invoices HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n',
    403,
  ],
];

/** Reads nothing before all is sent, as simple clients do, and goes on sending though an answer is there. */
async function sendThenRead(w: World, as: string, head: string): Promise<readonly number[]> {
  const socket = await w.raw(w.as(as));
  socket.on('error', () => undefined);
  const chunk = Buffer.alloc(100_000, 0x61);
  socket.write(head);
  socket.write(chunk);
  await once(socket, 'readable');
  for (let i = 1; i < 30; i++) await new Promise((resolve) => socket.write(chunk, resolve));
  const heard = listenTo(socket);
  socket.resume();
  await until(() => heard.closed || socket.destroyed || undefined);
  return heard.statuses();
}

describe('a refusal reaches a caller that is still sending', () => {
  it.each(ROWS)('%s', async (_, as, head, status) => {
    const agent = await scriptedAgent(
      (socket) => void socket.write('HTTP/1.1 413 No\r\ncontent-length: 4\r\n\r\nlong'),
    );
    const w = await world({ upstream: agent.upstream });
    expect(await sendThenRead(w, as, head)).toEqual([status]);
    expect(await w.ended(1)).toHaveLength(1);
  });
});

it('a denied HEAD gets its status, without the body that it did not ask for', async () => {
  const w = await world();
  const socket = await w.raw();
  const heard = listenTo(socket);
  socket.write('HEAD /admin HTTP/1.1\r\nhost: x\r\n\r\n');
  await until(() => heard.statuses()[0]);
  socket.write('GET /whoami HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
  await until(() => heard.closed || undefined);
  expect(heard.statuses()).toEqual([403, 200]);
  expect(heard.text).not.toContain('NO_ROUTE');
  expect(await w.ended(2)).toMatchObject([{ code: 'NO_ROUTE', how: 'complete' }, { code: 'OK' }]);
});
