import type { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { HandSource, ListSource } from '../call/streams.ts';
import {
  OK,
  answering,
  codeOf,
  onRequest,
  outcome,
  rawAgent,
  requestOf,
  sleep,
  until,
} from './raw-agent.ts';

/** Answers when the bytes so far match; keeps everything that came. */
function listening(done: RegExp, answer = OK) {
  const got = { text: '' };
  return {
    got,
    behaviour: (socket: Socket) => {
      let mine = '';
      socket.on('data', (chunk) => {
        mine += chunk.toString('latin1');
        got.text += chunk.toString('latin1');
        if (!done.test(mine)) return;
        mine = '';
        socket.write(answer);
      });
    },
  };
}

describe('a request reaches the agent', () => {
  test('with its path, header fields and order as given', async () => {
    const { got, behaviour } = listening(/\r\n\r\n$/);
    const agent = await rawAgent(behaviour);
    const headers = [
      ['host', 'agent.test'],
      ['x-b', '\xe4'],
      ['x-a', '1'],
      ['x-b', '2'],
    ] as const;
    await outcome(agent.send({ path: '/a/%2e?q=1&q=2', headers }));
    expect(got.text).toBe(
      'GET /a/%2e?q=1&q=2 HTTP/1.1\r\nhost: agent.test\r\nconnection: keep-alive\r\nx-b: \xe4\r\nx-a: 1\r\nx-b: 2\r\n\r\n',
    );
  });

  test('with a body of known length', async () => {
    const { got, behaviour } = listening(/abcdef$/);
    const agent = await rawAgent(behaviour);
    const exchange = agent.send({
      method: 'POST',
      body: new ListSource(['abc', 'def']),
      bodyLength: 6,
    });
    expect(await outcome(exchange)).toBe('200 ok');
    expect(got.text).toMatch(/content-length: 6\r\n\r\nabcdef$/);
    expect(got.text).not.toMatch(/transfer-encoding/);
    expect(exchange.sent).toBe(6);
  });

  test('with a body in chunks, framed anew', async () => {
    const { got, behaviour } = listening(/0\r\n\r\n$/);
    const agent = await rawAgent(behaviour);
    const source = new HandSource();
    const reply = outcome(agent.send({ method: 'POST', body: source }));
    await until(() => source.sink !== undefined);
    source.sink?.write(Buffer.from('abc'));
    await sleep(20);
    source.sink?.write(Buffer.from('def'));
    await sleep(20);
    source.sink?.end();
    expect(await reply).toBe('200 ok');
    expect(got.text).toMatch(
      /transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n$/,
    );
  });

  const bodies: [method: string, chunks: string[], length: number | undefined, wire: RegExp][] = [
    ['POST', [], 0, /content-length: 0\r\n\r\n$/],
    ['POST', [], undefined, /content-length: 0\r\n\r\n$/],
    ['GET', [], 0, /keep-alive\r\n\r\n$/],
    ['GET', ['abc'], 3, /content-length: 3\r\n\r\nabc$/],
    ['DELETE', ['abc'], 3, /content-length: 3\r\n\r\nabc$/],
  ];
  test.each(bodies)('%s with the body %j and length %s', async (method, chunks, length, wire) => {
    const { got, behaviour } = listening(/\r\n\r\n(abc)?$/);
    const agent = await rawAgent(behaviour);
    const exchange = agent.send({ method, body: new ListSource(chunks), bodyLength: length });
    expect(await outcome(exchange)).toMatch(/^200/);
    expect(got.text).toMatch(wire);
  });

  test('POST without a body says so', async () => {
    const { got, behaviour } = listening(/\r\n\r\n$/);
    const agent = await rawAgent(behaviour);
    await outcome(agent.send({ method: 'POST' }));
    expect(got.text).toMatch(/content-length: 0\r\n\r\n$/);
  });

  test('at no other path than a plain one', async () => {
    const { upstream } = await rawAgent(answering(OK));
    for (const path of ['//evil/x', '', 'http://evil/', '*'])
      expect(() => upstream.send(requestOf({ path }))).toThrow(TypeError);
  });
});

describe('what would be two requests in one is never sent', () => {
  const rows: [what: string, request: Parameters<typeof requestOf>[0]][] = [
    ['a line break in a value', { headers: [['x-a', '1\r\nx-b: 2']] }],
    ['a line break in a name', { headers: [['x-a: 1\r\nx-b', '2']] }],
    ['a blank in the path', { path: '/a HTTP/1.1\r\nx: y' }],
    ['a line break in the method', { method: 'GET / HTTP/1.1\r\nx: y\r\n' }],
    ['framing among the fields', { headers: [['transfer-encoding', 'chunked']] }],
    ['expect', { headers: [['expect', '100-continue']] }],
    [
      'two hosts',
      {
        headers: [
          ['host', 'a'],
          ['host', 'b'],
        ],
      },
    ],
  ];
  test.each(rows)('%s is INTERNAL', async (_, request) => {
    const { got, behaviour } = listening(/./);
    const agent = await rawAgent(behaviour);
    expect(await codeOf(agent.send(request))).toBe('INTERNAL');
    await sleep(20);
    expect(got.text).toBe('');
    expect(agent.upstream.open).toBe(0);
  });

  test.each([
    ['longer', ['abcdef'], 3],
    ['longer by a later chunk', ['abc', 'def'], 3],
    ['shorter', ['abc'], 6],
  ])('a body %s than its length is cut with its connection', async (_, chunks, bodyLength) => {
    const { got, behaviour } = listening(/never/);
    const agent = await rawAgent(behaviour);
    const source = new HandSource();
    const exchange = agent.send({ method: 'POST', body: source, bodyLength });
    await until(() => source.sink !== undefined);
    for (const chunk of chunks) {
      source.sink?.write(Buffer.from(chunk));
      await sleep(10);
    }
    source.sink?.end();
    expect(await codeOf(exchange)).toBe('MALFORMED_REQUEST');
    await until(() => agent.sockets.every((socket) => socket.readableEnded || socket.destroyed));
    expect(got.text).not.toMatch(/def/);
    expect(agent.upstream.open).toBe(0);
  });
});

describe('a body that breaks off', () => {
  test('breaks the connection, and the reply rejects with its own error', async () => {
    const { got, behaviour } = listening(/never/);
    const agent = await rawAgent(behaviour);
    const source = new HandSource();
    const exchange = agent.send({ method: 'POST', body: source });
    await until(() => source.sink !== undefined);
    source.sink?.write(Buffer.from('abc'));
    await until(() => got.text.endsWith('abc'));
    const left = new Error('the caller left');
    source.sink?.fail(left);
    await expect(exchange.reply).rejects.toBe(left);
    await until(() => agent.sockets[0]?.readableEnded === true);
    expect(got.text).not.toMatch(/0\r\n\r\n$/);
    expect(agent.upstream.open).toBe(0);
  });

  test('also when the agent has begun to answer', async () => {
    const agent = await rawAgent((socket) =>
      onRequest(socket, () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc')),
    );
    const source = new HandSource();
    const exchange = agent.send({ method: 'POST', body: source });
    await until(() => source.sink !== undefined);
    source.sink?.write(Buffer.from('abc'));
    const text = outcome(exchange);
    await exchange.reply;
    const left = new Error('the caller left');
    source.sink?.fail(left);
    await expect(text).rejects.toBe(left);
    await until(() => agent.sockets[0]?.readableEnded === true);
  });
});

describe('an answer before the body has ended', () => {
  const EARLY = 'HTTP/1.1 413 Too Large\r\ncontent-length: 3\r\n\r\nbig';

  test('goes on; the rest of the body is cancelled, and the connection is not used again', async () => {
    const { got, behaviour } = listening(/\r\n\r\n(3\r\n)?abc$/, EARLY);
    const agent = await rawAgent(behaviour);
    const source = new HandSource();
    const exchange = agent.send({ method: 'POST', body: source });
    await until(() => source.sink !== undefined);
    source.sink?.write(Buffer.from('abc'));
    expect(await outcome(exchange)).toBe('413 big');
    await until(() => source.cancelled !== undefined);
    await until(() => agent.sockets[0]?.readableEnded === true);
    // What the caller still sends must not reach anybody.
    source.sink?.write(Buffer.from('GET /smuggled HTTP/1.1\r\n\r\n'));
    const next = agent.send({ method: 'POST', body: new ListSource(['abc']) });
    expect(await outcome(next)).toBe('413 big');
    expect(got.text).not.toMatch(/smuggled/);
    expect(agent.sockets.length).toBe(2);
  });

  test('and closed at once with bytes unread goes on too', async () => {
    const agent = await rawAgent((socket) =>
      socket.once('data', () => {
        socket.pause();
        socket.write(EARLY.replace('413 Too Large', '413 Too Large\r\nconnection: close'));
        socket.end(() => socket.destroy());
      }),
    );
    const source = new ListSource(Array<Buffer>(1000).fill(Buffer.alloc(64 * 1024)));
    const exchange = agent.send({ method: 'POST', body: source });
    expect(await outcome(exchange)).toBe('413 big');
    expect(agent.upstream.open).toBe(0);
  });

  test('that streams lets the body go on beside it', async () => {
    const agent = await rawAgent((socket) => {
      let begun = false;
      socket.on('data', (chunk) => {
        if (!begun) socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n');
        begun = true;
        const text = chunk.toString('latin1');
        const part = /\b(part\d)\r?\n?/.exec(text)?.[1];
        if (part !== undefined) socket.write(`5\r\n${part}\r\n`);
        if (text.endsWith('0\r\n\r\n')) socket.write('0\r\n\r\n');
      });
    });
    const source = new HandSource();
    const exchange = agent.send({ method: 'POST', body: source });
    await until(() => source.sink !== undefined);
    const text = outcome(exchange);
    for (const part of ['part1', 'part2', 'part3']) {
      source.sink?.write(Buffer.from(part));
      await sleep(20);
    }
    source.sink?.end();
    expect(await text).toBe('200 part1part2part3');
    expect(source.cancelled).toBeUndefined();
  });
});
