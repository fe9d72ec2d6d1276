import { createServer } from 'node:http';
import { once } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';
import { world } from '../support/harness.ts';

it('HEAD, 204 and 304 have no body, and the connection goes on', async () => {
  const server = createServer((request, response) => {
    if (request.method === 'HEAD') response.writeHead(200, { 'content-length': '500' }).end();
    else response.writeHead(request.url === '/invoices/204' ? 204 : 304, { etag: '"x"' }).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  const w = await world({ upstream: `http://127.0.0.1:${port ?? 0}` });
  const socket = await w.raw();
  let said = '';
  socket.on('data', (chunk: Buffer) => (said += chunk.toString()));
  for (const [line, close] of [
    ['HEAD /invoices/1', false],
    ['GET /invoices/204', false],
    ['GET /invoices/304', true],
  ] as const) {
    const before = said;
    socket.write(`${line} HTTP/1.1\r\nhost: x\r\n${close ? 'connection: close\r\n' : ''}\r\n`);
    await once(socket, 'data');
    expect(said.slice(before.length)).toMatch(/\r\n\r\n$/);
  }
  await once(socket, 'end');
  expect(said.match(/HTTP\/1\.1 (\d+)/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 204', 'HTTP/1.1 304']);
  expect(said).toContain('content-length: 500');
  expect(await w.ended(3)).toHaveLength(3);
});
