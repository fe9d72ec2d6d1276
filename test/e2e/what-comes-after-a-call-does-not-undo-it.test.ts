import { describe, expect, it } from 'vitest';
import { until, world } from '../support/harness.ts';
import { OK, listenTo, scriptedAgent } from '../support/scripted-agent.ts';

const head = (line: string, ...fields: string[]) =>
  [`${line} HTTP/1.1`, 'host: x', ...fields, '', ''].join('\r\n');

describe('what comes after a call does not undo it: it is answered and recorded as what it was', () => {
  it.each([
    ['bytes that are no request', head('GET /invoices'), 'GARBAGE\r\n\r\n', ['MALFORMED_REQUEST']],
    [
      'a head that is too long',
      head('GET /invoices'),
      `GET /${'x'.repeat(20_000)}`,
      ['HEADERS_TOO_LARGE'],
    ],
    [
      'bytes after a call that said it is the last',
      head('GET /invoices', 'connection: close'),
      'GARBAGE',
      [],
    ],
    [
      'a whole call after one that said it is the last',
      head('GET /invoices', 'connection: close'),
      head('GET /whoami'),
      [],
    ],
  ])('%s', async (_, call, after, refused) => {
    const agent = await scriptedAgent();
    const w = await world({ upstream: agent.upstream });
    const socket = await w.raw();
    const heard = listenTo(socket);
    socket.write(call + after);
    await until(() => agent.heads[0]);
    if (refused.length > 0) await w.ended(1);
    agent.sockets[0]?.write(OK);
    await until(() => heard.closed || undefined);
    expect(heard.statuses()).toEqual([200]);
    expect(heard.text).toMatch(/\r\n\r\nok$/);
    expect(agent.heads).toHaveLength(1);
    const lines = await w.ended(1 + refused.length);
    expect(lines.map(({ code }) => code)).toEqual([...refused, 'OK']);
  });

  it('a head that stays unfinished behind a long answer', async () => {
    const agent = await scriptedAgent();
    const w = await world({ upstream: agent.upstream, flags: { 'limits.head-timeout': '500ms' } });
    const socket = await w.raw();
    const heard = listenTo(socket);
    socket.write(`${head('GET /invoices')}GET /who`);
    expect(await w.ended(1)).toMatchObject([{ event: 'refused-connection', code: 'TIMEOUT' }]);
    agent.sockets[0]?.write(OK);
    await until(() => heard.closed || undefined);
    expect(heard.statuses()).toEqual([200]);
    expect(await w.ended(2)).toHaveLength(2);
  });

  it('a caller that leaves after garbage is still noticed at once', async () => {
    const agent = await scriptedAgent();
    const w = await world({ upstream: agent.upstream });
    const socket = await w.raw();
    socket.write(`${head('GET /invoices')}GARBAGE\r\n\r\n`);
    await w.ended(1);
    socket.end();
    const lines = await w.ended(2);
    expect(lines.map(({ code }) => code)).toEqual(['MALFORMED_REQUEST', 'CALLER_LEFT']);
    await until(() => agent.open() === 0 || undefined);
  });
});

it('no call is taken after an answer that said it is the last', async () => {
  const w = await world();
  const socket = await w.raw(w.as('planner'));
  const heard = listenTo(socket);
  socket.write(head('POST /invoices', 'content-length: 100000'));
  await until(() => heard.statuses()[0]);
  expect(heard.text).toMatch(/\r\nconnection: close\r\n/i);
  socket.write('x'.repeat(100_000) + head('GET /invoices'));
  await until(() => heard.closed || undefined);
  expect(heard.statuses()).toEqual([403]);
  expect(await w.ended(1)).toMatchObject([{ code: 'SCOPE_MISSING' }]);
});

const CHUNKED = head('POST /upload', 'transfer-encoding: chunked');

describe('a body that cannot be read ends its call, which is told so', () => {
  it.each([
    ['a size that is no number', '0x2\r\nab\r\n0\r\n\r\n', 400],
    ['a negative size', '-2\r\nab\r\n0\r\n\r\n', 400],
    ['a size beyond all sizes', `${'f'.repeat(17)}\r\nab\r\n`, 400],
    ['more bytes than the size', '2\r\nabcd\r\n0\r\n\r\n', 400],
    ['an extension that ends with a line feed', '2;a\nab\r\n0\r\n\r\n', 400],
    ['an extension without end', `2;${'y'.repeat(30_000)}\r\nab\r\n0\r\n\r\n`, 400],
    ['trailers without end', `2\r\nab\r\n0\r\nx: ${'y'.repeat(30_000)}\r\n\r\n`, 431],
  ])('%s', async (_, body, status) => {
    const agent = await scriptedAgent();
    const w = await world({ upstream: agent.upstream });
    const socket = await w.raw();
    const heard = listenTo(socket);
    socket.write(CHUNKED + body);
    await until(() => heard.closed || undefined);
    expect(heard.statuses()).toEqual([status]);
    expect(await w.ended(1)).toMatchObject([{ event: 'call', status, decision: 'allow' }]);
    await until(() => agent.open() === 0 || undefined);
    expect(agent.bytes()).not.toMatch(/\r\n0\r\n\r\n$/);
  });

  it('chunk extensions and trailers stay behind', async () => {
    const agent = await scriptedAgent((socket) => void socket.write(OK));
    const w = await world({ upstream: agent.upstream });
    const socket = await w.raw();
    const heard = listenTo(socket);
    socket.write(`${CHUNKED}2;evil=1\r\nab\r\n0\r\nx-sidegate-agent: evil\r\n\r\n`);
    await until(() => heard.statuses()[0]);
    await until(() => agent.bytes().endsWith('\r\n2\r\nab\r\n0\r\n\r\n') || undefined);
    expect(agent.bytes()).not.toContain('evil');
  });
});
