import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { describe, expect, it, onTestFinished } from 'vitest';
import { until, world, type World } from '../support/harness.ts';
import { scriptedAgent } from '../support/scripted-agent.ts';

/** An agent that reads and never answers; resolves `left` when its caller goes away. */
async function silentAgent(): Promise<{
  upstream: string;
  asked: Promise<IncomingMessage>;
  left: Promise<void>;
}> {
  const asked = Promise.withResolvers<IncomingMessage>();
  const left = Promise.withResolvers<undefined>();
  const server = createServer((request) => {
    asked.resolve(request);
    request.on('error', () => undefined);
    request.socket.once('close', () => left.resolve(undefined));
    request.resume();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return { upstream: `http://127.0.0.1:${port ?? 0}`, asked: asked.promise, left: left.promise };
}

function begin(w: World, method: string, headers: Record<string, string>) {
  const { chainPem: cert, keyPem: key } = w.as('billing');
  const tls = {
    host: '127.0.0.1',
    port: w.port,
    ca: w.ca.certPem,
    cert,
    key,
    agent: false,
  } as const;
  const request = httpsRequest({ ...tls, method, path: '/invoices', headers });
  request.on('error', () => undefined);
  return request;
}

describe('a caller that leaves aborts the upstream call at once', () => {
  it('while it waits for the answer', async () => {
    const agent = await silentAgent();
    const w = await world({ upstream: agent.upstream });
    const request = begin(w, 'GET', {});
    request.end();
    await agent.asked;
    request.destroy();
    await agent.left;
    const lines = await w.ended(1);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({ code: 'CALLER_LEFT', how: 'callerLeft', status: 0 });
  });

  it('in the middle of its body', async () => {
    const agent = await silentAgent();
    const w = await world({ upstream: agent.upstream });
    const request = begin(w, 'POST', { 'content-length': '60000' });
    request.write('half');
    await agent.asked;
    request.destroy();
    await agent.left;
    const lines = await w.ended(1);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({ code: 'CALLER_LEFT', how: 'callerLeft', bytesIn: 4 });
  });

  it.each([
    ['while it waits, by closing its half only', 'GET /invoices', []],
    ['while it waits to change the protocol', 'GET /socket', UPGRADE],
    ['while it waits, with more calls behind the first', 'GET /invoices', [], 2],
  ])('%s', async (_, line, fields, more = 0) => {
    const agent = await scriptedAgent();
    const w = await world({ upstream: agent.upstream });
    const socket = await w.raw();
    const call = [`${line} HTTP/1.1`, 'host: x', ...fields, '', ''].join('\r\n');
    socket.write(call.repeat(1 + more));
    await until(() => agent.sockets[more]);
    socket.end();
    const lines = await w.ended(1 + more);
    expect(lines).toHaveLength(1 + more);
    expect(lines.every(({ code }) => code === 'CALLER_LEFT')).toBe(true);
    await until(() => agent.open() === 0 || undefined);
    expect(w.log()).not.toContain('failed inside Sidegate');
  });

  it('in the middle of an answer that it does not read', async () => {
    const w = await world();
    const socket = await w.raw();
    socket.pause();
    socket.write('GET /download?bytes=100000000000 HTTP/1.1\r\nhost: x\r\n\r\n');
    await once(socket, 'readable');
    socket.destroy();
    expect(await w.ended(1)).toMatchObject([{ code: 'CALLER_LEFT', status: 200 }]);
  });
});

const UPGRADE = ['connection: upgrade', 'upgrade: websocket'];
