import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { until, world, type World } from '../support/harness.ts';
import { OK, listenTo, scriptedAgent } from '../support/scripted-agent.ts';

const POLICY = `version: 1
trustDomain: acme.test
agents: { billing: [], planner: [] }
routes:
  GET /much: []
  GET /little: []
  POST /upload: []
  GET /socket: { scopes: [], upgrade: websocket }
`;
const STREAM = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n';
const SWITCHED = `HTTP/1.1 101 Switching Protocols\r
connection: upgrade\r
upgrade: websocket\r
sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r
\r
`;
const HEADS = {
  reader: 'GET /much HTTP/1.1\r\nhost: x\r\n\r\n',
  writer: 'POST /upload HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n',
  tunnel: `GET /socket HTTP/1.1\r
host: x\r
connection: upgrade\r
upgrade: websocket\r
sec-websocket-version: 13\r
sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r
\r
`,
};
const CHUNK = `10000\r\n${'x'.repeat(65_536)}\r\n`;

/** An agent that takes nothing but heads, and sends without end where it is asked for much. */
async function sidegate(flags: Readonly<Record<string, string>> = {}) {
  const agent = await scriptedAgent((socket, head) => {
    if (head.includes('/little')) return void socket.write(OK);
    socket.pause();
    if (head.includes('/upload')) return;
    socket.write(head.includes('/much') ? STREAM : SWITCHED);
    flood(socket);
  });
  const w = await world({ upstream: agent.upstream, policy: POLICY, flags });
  return { agent, w };
}

/** Sends without end, as fast as the other side takes it. */
function flood(socket: Socket): void {
  const more = (): void => {
    while (socket.writable && socket.write(CHUNK));
  };
  socket.on('drain', more);
  more();
}

/** A caller that reads nothing. */
async function clog(w: World, kind: keyof typeof HEADS, as = 'billing'): Promise<TLSSocket> {
  const socket = await w.raw(w.as(as));
  socket.pause();
  socket.write(HEADS[kind]);
  if (kind !== 'reader') flood(socket);
  return socket;
}

async function buffered(w: World): Promise<number> {
  return Number(/^sidegate_buffered_bytes (\d+)$/m.exec(await w.metrics())?.[1]);
}

/** Once nothing moves any more: the same for longer than it takes to look anew. */
async function settled(w: World): Promise<number> {
  const seen: number[] = [];
  return until(async () => {
    seen.push(await buffered(w));
    const last = seen.slice(-60);
    return last.length === 60 && last[0] !== 0 && new Set(last).size === 1 ? last[0] : undefined;
  });
}

describe('a call that is clogged keeps no more than 512 KiB in the process', () => {
  it.each(['reader', 'writer', 'tunnel'] as const)('%s', async (kind) => {
    const { w } = await sidegate();
    await Promise.all([clog(w, kind), clog(w, kind), clog(w, kind)]);
    const bytes = await settled(w);
    expect(bytes).toBeGreaterThan(3 * 16 * 1024);
    expect(bytes).toBeLessThan(3 * 512 * 1024);
  });
});

describe('above the limit, calls of the agent that has most are ended, and others are not', () => {
  it('answers are cut', async () => {
    const { w } = await sidegate({ 'limits.buffered': '400KiB' });
    const other = await clog(w, 'reader', 'planner');
    await until(async () => ((await buffered(w)) > 0 ? true : undefined));
    const ended = (line: Record<string, unknown>): boolean => line.event === 'call';
    const lines = await until(async () => {
      await clog(w, 'reader');
      const found = (await w.audit()).filter(ended);
      return found.length > 0 ? found : undefined;
    });
    const cut = { code: 'BUFFERS_FULL', status: 200, how: 'cut', agent: 'billing' };
    expect(lines).toEqual(lines.map(() => expect.objectContaining(cut) as unknown));
    await until(async () => ((await buffered(w)) <= 400 * 1024 ? true : undefined));
    expect(other.destroyed).toBe(false);
  });

  it('a body that has no answer yet is told 503', async () => {
    const { w } = await sidegate({ 'limits.buffered': '16KiB' });
    const socket = await w.raw();
    const heard = listenTo(socket);
    socket.write(HEADS.writer);
    flood(socket);
    await until(() => heard.statuses()[0]);
    expect(heard.statuses()).toEqual([503]);
    expect(heard.text).toContain('"code":"BUFFERS_FULL"');
    expect(await w.ended(1)).toMatchObject([{ code: 'BUFFERS_FULL', status: 503 }]);
    const answer = await w.call({ as: 'planner', path: '/little' });
    expect(answer.status).toBe(200);
    expect(await w.metrics()).toMatch(/^sidegate_requests_total\{.*code="BUFFERS_FULL"\} 1$/m);
  });
});
