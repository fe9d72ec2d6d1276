import { createServer, type Socket } from 'node:net';
import { once } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import { world } from '../support/harness.ts';

/** An agent that answers every request with these bytes, and then does as told. */
async function rawAgent(answer: string, then: (socket: Socket) => void): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.once('data', () => socket.write(answer, () => then(socket)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const address = server.address();
  return typeof address === 'object' && address !== null ? `http://127.0.0.1:${address.port}` : '';
}

describe('an upstream that breaks off in the middle breaks the caller’s connection', () => {
  it.each([
    ['with a length', 'HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nhalf'],
    [
      'after interim answers',
      'HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf',
    ],
    ['in chunks', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n'],
  ])('%s', async (_, answer) => {
    const upstream = await rawAgent(answer, (socket) => setTimeout(() => socket.destroy(), 50));
    const w = await world({ upstream });
    const response = await w.open({ as: 'billing', path: '/invoices' });
    expect(response.statusCode).toBe(200);
    await expect(response.toArray()).rejects.toThrow('aborted');
    const lines = await w.ended(1);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      code: 'UPSTREAM_PROTOCOL',
      how: 'upstreamBroke',
      status: 200,
    });
  });
});

describe('an upstream without a proper answer is a 502, told in one line', () => {
  it.each([
    ['no HTTP', 'SSH-2.0-x\r\n', 'UPSTREAM_PROTOCOL'],
    ['gone before its head', '', 'UPSTREAM_PROTOCOL'],
    [
      'a transfer coding that nobody would undo',
      'HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n',
      'UPSTREAM_PROTOCOL',
    ],
    [
      'two lengths',
      'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab',
      'UPSTREAM_PROTOCOL',
    ],
  ])('%s', async (_, answer, code) => {
    const upstream = await rawAgent(answer, (socket) => socket.destroy());
    const w = await world({ upstream });
    const response = await w.call({ as: 'billing', method: 'POST', path: '/invoices', body: '{}' });
    expect(response.status).toBe(502);
    expect(response.json().code).toBe(code);
    expect(await w.ended(1)).toHaveLength(1);
  });

  it('nobody listens there', async () => {
    const w = await world({ upstream: 'http://127.0.0.1:1' });
    const response = await w.call({ as: 'billing', path: '/invoices' });
    expect(response.status).toBe(502);
    expect(response.json().code).toBe('UPSTREAM_UNREACHABLE');
    const [line] = await w.ended(1);
    expect(line).toMatchObject({ decision: 'allow', code: 'UPSTREAM_UNREACHABLE' });
  });
});
