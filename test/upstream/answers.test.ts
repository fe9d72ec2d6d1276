import { describe, expect, test } from 'vitest';
import { drink } from '../call/streams.ts';
import { OK, answering, codeOf, onRequest, outcome, rawAgent, sleep } from './raw-agent.ts';

const head = (...lines: string[]): string => `HTTP/1.1 ${lines.join('\r\n')}\r\n\r\n`;

describe('an answer goes on', () => {
  const rows: [what: string, answer: string, expected: string][] = [
    ['with a length', OK, '200 ok'],
    [
      'in chunks',
      `${head('200 OK', 'transfer-encoding: chunked')}2;x=y\r\nok\r\n0\r\nt: 1\r\n\r\n`,
      '200 ok',
    ],
    ['empty', head('200 OK', 'content-length: 0'), '200'],
    ['without content', head('204 No Content'), '204'],
    [
      'after interim answers',
      head('103 Early Hints', 'link: x') + head('102 Processing') + OK,
      '200 ok',
    ],
  ];
  test.each(rows)('%s', async (_, answer, expected) => {
    const agent = await rawAgent(answering(answer));
    expect(await outcome(agent.send())).toBe(expected);
    expect(await outcome(agent.send())).toBe(expected);
  });

  test('until the agent closes, if it says nothing of its length', async () => {
    const agent = await rawAgent((socket) =>
      onRequest(socket, () => socket.end('HTTP/1.1 200 OK\r\n\r\nall of it')),
    );
    expect(await outcome(agent.send())).toBe('200 all of it');
  });

  test('byte for byte in its header fields, order and repetition kept', async () => {
    const lines = [
      '200 OK',
      'X-B: 1',
      'Set-Cookie: a=1',
      'x-a: \xe4\xff',
      'set-cookie: b=2',
      'content-length: 0',
    ];
    const agent = await rawAgent(answering(head(...lines)));
    const { headers } = await agent.send().reply;
    expect(headers).toEqual([
      ['x-b', '1'],
      ['set-cookie', 'a=1'],
      ['x-a', '\xe4\xff'],
      ['set-cookie', 'b=2'],
      ['content-length', '0'],
    ]);
  });

  test('without what concerns the connection only', async () => {
    const hop = [
      'connection: x-mine, keep-alive',
      'x-mine: 1',
      'keep-alive: timeout=9',
      'upgrade: h2c',
      'proxy-authenticate: x',
      'te: x',
      'trailer: t',
      'proxy-connection: x',
    ];
    const agent = await rawAgent(
      answering(head('200 OK', ...hop, 'x-kept: 1', 'content-length: 0')),
    );
    const { headers } = await agent.send().reply;
    expect(headers).toEqual([
      ['x-kept', '1'],
      ['content-length', '0'],
    ]);
  });

  test('to HEAD without a body, its length kept for information', async () => {
    const agent = await rawAgent(answering(head('200 OK', 'content-length: 500')));
    const reply = await agent.send({ method: 'HEAD' }).reply;
    expect(reply).toEqual({
      status: 200,
      headers: [['content-length', '500']],
      body: { kind: 'empty' },
    });
  });

  test('with a field named __proto__ as a field like any other', async () => {
    const agent = await rawAgent(answering(head('200 OK', '__proto__: x', 'content-length: 0')));
    const { headers } = await agent.send().reply;
    expect(headers).toContainEqual(['__proto__', 'x']);
  });
});

describe('an answer that is not proper HTTP is UPSTREAM_PROTOCOL', () => {
  const rows: [what: string, answer: string][] = [
    ['garbage', 'SSH-2.0-OpenSSH\r\n'],
    ['a status beyond 599', head('600 Odd', 'content-length: 0')],
    ['two lengths that differ', `${head('200 OK', 'content-length: 2', 'content-length: 3')}ok!`],
    ['two lengths that agree', `${head('200 OK', 'content-length: 2', 'content-length: 2')}ok`],
    ['a list of lengths', `${head('200 OK', 'content-length: 2, 2')}ok`],
    ['a signed length', `${head('200 OK', 'content-length: +2')}ok`],
    [
      'a length beside chunks',
      `${head('200 OK', 'content-length: 2', 'transfer-encoding: chunked')}2\r\nok\r\n0\r\n\r\n`,
    ],
    ['a folded line', head('200 OK', 'x-a: 1', ' more', 'content-length: 0')],
    ['a blank before the colon', head('200 OK', 'x-a : 1', 'content-length: 0')],
    ['a NUL in a value', head('200 OK', 'x-a: \0', 'content-length: 0')],
    ['a bare CR in a value', head('200 OK', 'x-a: 1\rx-b: 2', 'content-length: 0')],
    ['a bare LF after a line', 'HTTP/1.1 200 OK\nx-a: 1\n\n'],
    ['100 that was not asked for', head('100 Continue') + OK],
    [
      '101 that was not asked for',
      head('101 Switching', 'upgrade: websocket', 'connection: upgrade'),
    ],
    ['101 that names no protocol', head('101 Switching') + OK],
    ['interim answers without end', head('102 Processing').repeat(200)],
    ['a giant head', head('200 OK', `x-a: ${'a'.repeat(40_000)}`, 'content-length: 0')],
    ['very many fields', head('200 OK', ...Array.from({ length: 9000 }, (_, i) => `x${i}: 1`))],
  ];
  test.each(rows)('%s', async (_, answer) => {
    const agent = await rawAgent(answering(answer));
    expect(await codeOf(agent.send())).toBe('UPSTREAM_PROTOCOL');
    expect(agent.upstream.open).toBe(0);
  });

  test('nothing at all', async () => {
    const agent = await rawAgent((socket) => onRequest(socket, () => socket.end()));
    expect(await codeOf(agent.send())).toBe('UPSTREAM_PROTOCOL');
  });

  test('half a head', async () => {
    const agent = await rawAgent((socket) =>
      onRequest(socket, () => socket.end('HTTP/1.1 200 OK\r\nx-a')),
    );
    expect(await codeOf(agent.send())).toBe('UPSTREAM_PROTOCOL');
  });

  test('a reset', async () => {
    const agent = await rawAgent((socket) => onRequest(socket, () => socket.resetAndDestroy()));
    expect(await codeOf(agent.send())).toBe('UPSTREAM_PROTOCOL');
  });
});

describe('an answer that breaks off fails at its sink', () => {
  const rows: [what: string, answer: string, end: 'fin' | 'rst'][] = [
    ['short of its length', `${head('200 OK', 'content-length: 10')}part`, 'fin'],
    [
      'short of its length, on a connection to be closed',
      `${head('200 OK', 'connection: close', 'content-length: 10')}part`,
      'fin',
    ],
    [
      'short of its length, reset',
      `${head('200 OK', 'connection: close', 'content-length: 10')}part`,
      'rst',
    ],
    ['within a chunk', `${head('200 OK', 'transfer-encoding: chunked')}a\r\npart`, 'fin'],
    ['between chunks', `${head('200 OK', 'transfer-encoding: chunked')}4\r\npart\r\n`, 'fin'],
    [
      'between chunks, on a connection to be closed',
      `${head('200 OK', 'connection: close', 'transfer-encoding: chunked')}4\r\npart\r\n`,
      'fin',
    ],
    [
      'with a malformed chunk',
      `${head('200 OK', 'transfer-encoding: chunked')}4\r\npart\r\nzz\r\n`,
      'fin',
    ],
    ['reset, where only closing ends it', head('200 OK') + 'part', 'rst'],
  ];
  test.each(rows)('%s', async (_, answer, end) => {
    const agent = await rawAgent((socket) =>
      onRequest(socket, () => {
        socket.write(answer);
        setTimeout(() => (end === 'fin' ? socket.end() : socket.resetAndDestroy()), 30);
      }),
    );
    const { body } = await agent.send().reply;
    if (body.kind !== 'source') throw new TypeError(body.kind);
    await expect(drink(body.source)).rejects.toThrow(/the agent broke off its answer/);
    expect(agent.upstream.open).toBe(0);
  });
});

describe('one answer is never taken for another', () => {
  test('a second one in the same breath is thrown away with its connection', async () => {
    const agent = await rawAgent((socket, count) =>
      onRequest(socket, () => {
        socket.write(count === 1 ? OK + OK.replace(/ok$/, 'NO') : OK);
      }),
    );
    expect(await outcome(agent.send())).toBe('200 ok');
    await sleep(5);
    expect(await outcome(agent.send({ method: 'POST' }))).toBe('200 ok');
    expect(agent.sockets.length).toBe(2);
  });

  test('bytes on an idle connection close it', async () => {
    const agent = await rawAgent((socket) => {
      onRequest(socket, () => {
        socket.write(OK);
        setTimeout(() => socket.write(OK.replace(/ok$/, 'NO')), 20);
      });
    });
    expect(await outcome(agent.send())).toBe('200 ok');
    await sleep(60);
    expect(await outcome(agent.send({ method: 'POST' }))).toBe('200 ok');
    expect(agent.sockets.length).toBe(2);
  });

  test('bytes that lie in the socket when it is used again close it', async () => {
    const agent = await rawAgent((socket) => {
      onRequest(socket, () => {
        socket.write(OK);
        setTimeout(() => socket.write(OK.replace(/ok$/, 'NO')), 20);
      });
    });
    expect(await outcome(agent.send())).toBe('200 ok');
    // Blocks the process, so that the bytes have arrived and nobody has read them.
    const end = Date.now() + 60;
    await new Promise((resolve) => setTimeout(resolve, 10));
    agent.sockets[0]?.write(OK.replace(/ok$/, 'NO'));
    while (Date.now() < end);
    expect(await outcome(agent.send({ method: 'POST' }))).toBe('200 ok');
    expect(agent.sockets.length).toBe(2);
  });

  test('more than the length that was named is thrown away with its connection', async () => {
    const agent = await rawAgent((socket) =>
      onRequest(socket, () => socket.write(`${OK}HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nNO`)),
    );
    for (let i = 0; i < 3; i++) expect(await outcome(agent.send())).toBe('200 ok');
    expect(agent.sockets.length).toBe(3);
  });
});
