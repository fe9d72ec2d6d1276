import type { TLSSocket } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { until, world, type World } from '../support/harness.ts';
import { OK, listenTo, scriptedAgent, type ScriptedAgent } from '../support/scripted-agent.ts';

const POLICY = `version: 1
trustDomain: acme.test
agents: { billing: [], planner: [] }
routes: { POST /upload: { scopes: [], body: 1GiB } }
`;
const HEAD = 'POST /upload HTTP/1.1\r\nhost: x\r\n';
const CHUNKED = `${HEAD}transfer-encoding: chunked\r\n\r\n`;

function sidegate(agent: ScriptedAgent, flags: Readonly<Record<string, string>>): Promise<World> {
  const policy = POLICY;
  return world({
    upstream: agent.upstream,
    policy,
    flags: { 'limits.body-timeout': '100ms', ...flags },
  });
}

async function send(w: World, bytes: string) {
  const socket = await w.raw();
  socket.write(bytes);
  return { socket, heard: listenTo(socket) };
}

describe('a body that does not come is told 408, recorded once, and its call at the agent ended', () => {
  it.each([
    ['nothing of it', `${HEAD}content-length: 10\r\n\r\n`],
    ['a part of it', `${HEAD}content-length: 10\r\n\r\nhalf`],
    ['a part of a chunk', `${CHUNKED}a\r\nhalf`],
    ['all but its end', `${CHUNKED}4\r\nhalf\r\n`],
    ['nothing after 100 Continue', `${HEAD}expect: 100-continue\r\ncontent-length: 10\r\n\r\n`],
  ])('%s', async (_, bytes) => {
    const agent = await scriptedAgent();
    const w = await sidegate(agent, {});
    const { heard } = await send(w, bytes);
    await until(() => heard.closed || undefined);
    expect(heard.statuses().at(-1)).toBe(408);
    expect(heard.text).toContain('"code":"TIMEOUT"');
    expect(await w.ended(1)).toMatchObject([{ event: 'call', code: 'TIMEOUT', status: 408 }]);
    await until(() => (agent.open() === 0 ? true : undefined));
    expect(await w.metrics()).toMatch(/^sidegate_requests_total\{.*code="TIMEOUT"\} 1$/m);
  });
});

it('a body that drips is ended, while one that streams at the rate goes on', async () => {
  const agent = await scriptedAgent();
  const w = await sidegate(agent, { 'limits.body-timeout': '2s', 'limits.min-rate': '1KiB' });
  const streams = await send(w, CHUNKED);
  const drips = await send(w, CHUNKED);
  const feed = setInterval(() => {
    streams.socket.write(`1000\r\n${'x'.repeat(4096)}\r\n`);
    drips.socket.write('1\r\nx\r\n');
  }, 100);
  await until(() => drips.heard.statuses()[0]);
  clearInterval(feed);
  expect(drips.heard.statuses()).toEqual([408]);
  expect(streams.heard.text).toBe('');
  streams.socket.write('0\r\n\r\n');
  agent.sockets[0]!.write(OK);
  await until(() => streams.heard.statuses()[0]);
  expect(streams.heard.statuses()).toEqual([200]);
});

it('a body whose answer has begun is cut', async () => {
  const agent = await scriptedAgent((socket) => {
    socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n');
  });
  const w = await sidegate(agent, {});
  const { heard } = await send(w, `${CHUNKED}4\r\nhalf\r\n`);
  await until(() => heard.closed || undefined);
  expect(heard.text).toMatch(/hello\r\n$/);
  expect(await w.ended(1)).toMatchObject([{ code: 'TIMEOUT', status: 200, how: 'cut' }]);
});

it('an agent that does not take the body is not the fault of its caller', async () => {
  const agent = await scriptedAgent((socket, head) => {
    if (head.includes('chunked')) socket.pause();
  });
  const w = await sidegate(agent, {});
  const { socket, heard } = await send(w, CHUNKED);
  const stop = sendWithoutEnd(socket);
  await until(async () =>
    /^sidegate_buffered_bytes [1-9]/m.test(await w.metrics()) ? true : undefined,
  );
  const slow = await send(w, `${HEAD}content-length: 10\r\n\r\n`);
  await until(() => slow.heard.statuses()[0]);
  expect(slow.heard.statuses()).toEqual([408]);
  expect(heard).toMatchObject({ text: '', closed: false });
  stop();
  agent.sockets[0]!.resume().write(OK);
  await until(() => heard.statuses()[0]);
  expect(heard.statuses()).toEqual([200]);
});

it('the rest of a refused body does not hold its connection', async () => {
  const agent = await scriptedAgent();
  const w = await sidegate(agent, {});
  const { heard, socket } = await send(
    w,
    'POST /other HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n',
  );
  const drip = setInterval(() => socket.write('x'), 400);
  await until(() => heard.closed || undefined);
  clearInterval(drip);
  expect(heard.statuses()).toEqual([403]);
  expect(await w.ended(2)).toMatchObject([
    { event: 'call', code: 'NO_ROUTE' },
    { event: 'refused-connection', code: 'TIMEOUT' },
  ]);
});

function sendWithoutEnd(socket: TLSSocket): () => void {
  const chunk = Buffer.from(`10000\r\n${'x'.repeat(65_536)}\r\n`);
  let going = true;
  const more = (): void => {
    while (going && socket.write(chunk));
  };
  socket.on('drain', more);
  more();
  return () => (going = false);
}
