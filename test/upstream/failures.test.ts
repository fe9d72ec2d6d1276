import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Refusal } from '../../src/call/index.ts';
import { createUpstream, type UpstreamTarget } from '../../src/upstream/index.ts';
import { HandSource } from '../call/streams.ts';
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

function open(target: UpstreamTarget) {
  const upstream = createUpstream({ target, connectTimeout: 300 });
  onTestFinished(() => upstream.destroy(new Error('the test is over')));
  return upstream;
}

/** A connection is free again one turn of the event loop after its answer. */
const idle = (): Promise<void> => sleep(5);

function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sidegate-upstream-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

describe('an agent that cannot be reached is UPSTREAM_UNREACHABLE', () => {
  test('if nothing listens there', async () => {
    const agent = await rawAgent(() => undefined);
    agent.server.close();
    const refusal: unknown = await agent.send().reply.catch((why: unknown) => why);
    expect(refusal).toBeInstanceOf(Refusal);
    expect(refusal).toMatchObject({ code: 'UPSTREAM_UNREACHABLE' });
    expect((refusal as Refusal).detail).toMatch(/ECONNREFUSED/);
  });

  test('if there is no such socket file', async () => {
    const upstream = open({ kind: 'unix', path: join(scratch(), 'none.sock') });
    expect(await codeOf(upstream.send(requestOf({})))).toBe('UPSTREAM_UNREACHABLE');
  });

  test('if the name does not resolve', async () => {
    const upstream = open({ kind: 'tcp', host: 'nobody.invalid', port: 80 });
    expect(await codeOf(upstream.send(requestOf({})))).toBe('UPSTREAM_UNREACHABLE');
  });

  test('if connecting takes too long', async () => {
    // An address reserved for documentation: packets to it get lost, or the system says there is no way.
    const upstream = open({ kind: 'tcp', host: '192.0.2.1', port: 80 });
    expect(await codeOf(upstream.send(requestOf({})))).toBe('UPSTREAM_UNREACHABLE');
  });

  test('and the body of the call is cancelled', async () => {
    const upstream = open({ kind: 'unix', path: join(scratch(), 'none.sock') });
    const body = new HandSource();
    expect(await codeOf(upstream.send(requestOf({ method: 'POST', body })))).toBe(
      'UPSTREAM_UNREACHABLE',
    );
    await until(() => body.cancelled !== undefined);
    expect(body.calls).not.toContain('start');
  });

  test('if it has as many calls as it may have; one that ends makes room', async () => {
    const agent = await rawAgent(
      (socket) => onRequest(socket, () => setTimeout(() => socket.write(OK), 50)),
      { maxConnections: 2 },
    );
    const first = [agent.send(), agent.send()].map(outcome);
    const body = new HandSource();
    expect(await codeOf(agent.send({ body }))).toBe('UPSTREAM_UNREACHABLE');
    expect(body.cancelled).toBeDefined();
    expect(await Promise.all(first)).toEqual(['200 ok', '200 ok']);
    expect(await outcome(agent.send())).toBe('200 ok');
  });

  test('and is reached again as soon as it is there', async () => {
    const path = join(scratch(), 'agent.sock');
    const upstream = open({ kind: 'unix', path });
    expect(await codeOf(upstream.send(requestOf({})))).toBe('UPSTREAM_UNREACHABLE');
    const server = createServer((socket) => answering(OK)(socket, 1));
    await new Promise<void>((resolve) => server.listen(path, resolve));
    onTestFinished(() => void server.close());
    expect(await outcome(upstream.send(requestOf({})))).toBe('200 ok');
    await upstream.destroy(new Error('over'));
  });
});

describe('an agent that is silent', () => {
  test('is UPSTREAM_TIMEOUT, and its connection is closed', async () => {
    const agent = await rawAgent(() => undefined, { headersTimeout: 100 });
    expect(await codeOf(agent.send())).toBe('UPSTREAM_TIMEOUT');
    expect(agent.upstream.open).toBe(0);
  });

  test('is UPSTREAM_TIMEOUT also if it drips its head, or interim answers', async () => {
    const agent = await rawAgent(
      (socket) => {
        socket.write('HTTP/1.1 200 OK\r\n');
        const drip = setInterval(() => socket.write('x-a: 1\r\n'), 20);
        socket.on('close', () => clearInterval(drip));
      },
      { headersTimeout: 150 },
    );
    expect(await codeOf(agent.send())).toBe('UPSTREAM_TIMEOUT');
  });

  test('in the middle of its answer may be so for as long as it likes', async () => {
    const agent = await rawAgent(
      (socket) =>
        onRequest(socket, () => {
          socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\no');
          setTimeout(() => socket.write('k'), 500);
        }),
      { headersTimeout: 100, idleTimeout: 100 },
    );
    expect(await outcome(agent.send())).toBe('200 ok');
  });
});

describe('abort', () => {
  const reason = new Error('cut');

  test('while connecting sends nothing', async () => {
    const agent = await rawAgent(answering(OK));
    const body = new HandSource();
    const exchange = agent.send({ method: 'POST', body });
    exchange.abort(reason);
    await expect(exchange.reply).rejects.toBe(reason);
    expect(body.cancelled).toBe(reason);
    await until(() => agent.upstream.open === 0);
    await sleep(50);
    expect(agent.sockets.every((socket) => socket.bytesRead === 0)).toBe(true);
  });

  test('while connecting keeps its place until the connection is settled, so that places bound all', async () => {
    const upstream = createUpstream({
      target: { kind: 'tcp', host: '127.0.0.1', port: 9 },
      maxConnections: 1,
    });
    const exchange = upstream.send(requestOf({}));
    exchange.abort(reason);
    expect(upstream.open).toBe(1);
    expect(await codeOf(upstream.send(requestOf({})))).toBe('UPSTREAM_UNREACHABLE');
    await until(() => upstream.open === 0);
    await upstream.destroy(reason);
  });

  test('while waiting closes the connection at once', async () => {
    let heads = 0;
    const agent = await rawAgent((socket) => onRequest(socket, () => heads++));
    const exchange = agent.send();
    await until(() => heads === 1);
    const closed = new Promise((resolve) => agent.sockets[0]?.once('end', resolve));
    exchange.abort(reason);
    await expect(exchange.reply).rejects.toBe(reason);
    await closed;
    expect(agent.upstream.open).toBe(0);
  });

  test('in the middle of an answer fails its sink and closes the connection', async () => {
    const agent = await rawAgent((socket) =>
      onRequest(socket, () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc')),
    );
    const exchange = agent.send();
    const text = outcome(exchange);
    await exchange.reply;
    const closed = new Promise((resolve) => agent.sockets[0]?.once('end', resolve));
    exchange.abort(reason);
    await expect(text).rejects.toBe(reason);
    await closed;
  });

  test('cancelling the answer closes the connection too, and its sink hears no more', async () => {
    const agent = await rawAgent((socket) =>
      onRequest(socket, () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc')),
    );
    const { body } = await agent.send().reply;
    if (body.kind !== 'source') throw new TypeError(body.kind);
    const closed = new Promise((resolve) => agent.sockets[0]?.once('end', resolve));
    body.source.cancel(reason);
    await closed;
    expect(agent.upstream.open).toBe(0);
  });

  test('after the end, or twice, does nothing', async () => {
    const agent = await rawAgent(answering(OK));
    const exchange = agent.send();
    expect(await outcome(exchange)).toBe('200 ok');
    exchange.abort(reason);
    exchange.abort(reason);
    await idle();
    expect(await outcome(agent.send())).toBe('200 ok');
    expect(agent.sockets.length).toBe(1);
  });

  test('whose reply nobody waits for does not crash the process', async () => {
    const agent = await rawAgent(() => undefined);
    agent.send().abort(reason);
    await until(() => agent.upstream.open === 0);
  });
});

describe('a connection that the agent closes as it is used again', () => {
  /** The first request is answered; the second finds the connection closing. */
  const closing = (answers: string[]) =>
    rawAgent((socket, count) => {
      let heads = 0;
      onRequest(socket, () => {
        heads += 1;
        const answer = count === 1 && heads === 2 ? answers[0] : OK;
        if (answer === undefined) socket.resetAndDestroy();
        else socket.write(answer);
        if (count === 1 && heads === 2) socket.end();
      });
    });

  test('is met once more by a GET or HEAD without a body', async () => {
    for (const method of ['GET', 'HEAD']) {
      const agent = await closing([]);
      expect(await outcome(agent.send())).toBe('200 ok');
      await idle();
      await idle();
      expect(await outcome(agent.send({ method }))).toMatch(/^200/);
      expect(agent.sockets.length).toBe(2);
    }
  });

  test.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])('is the end of a %s', async (method) => {
    const agent = await closing([]);
    expect(await outcome(agent.send())).toBe('200 ok');
    await idle();
    expect(await codeOf(agent.send({ method }))).toBe('UPSTREAM_PROTOCOL');
    expect(agent.sockets.length).toBe(1);
  });

  test('is the end of a GET with a body, or of an upgrade', async () => {
    for (const more of [
      { body: new HandSource(), bodyLength: 3 },
      { body: undefined, upgrade: 'websocket' },
    ] as const) {
      const agent = await closing([]);
      expect(await outcome(agent.send())).toBe('200 ok');
      await idle();
      await idle();
      const exchange = agent.send(more);
      if (more.body !== undefined) {
        await until(() => more.body.sink !== undefined);
        more.body.sink?.write(Buffer.from('abc'));
        more.body.sink?.end();
      }
      expect(await codeOf(exchange)).toBe('UPSTREAM_PROTOCOL');
      expect(agent.sockets.length).toBe(1);
    }
  });

  test('is the end of a GET if a single byte of an answer came', async () => {
    const agent = await closing(['H']);
    expect(await outcome(agent.send())).toBe('200 ok');
    await idle();
    expect(await codeOf(agent.send())).toBe('UPSTREAM_PROTOCOL');
    expect(agent.sockets.length).toBe(1);
  });

  test('is no reason to try a new connection twice', async () => {
    const agent = await rawAgent((socket, count) => {
      let heads = 0;
      onRequest(socket, () => {
        heads += 1;
        if (count === 1 && heads === 1) socket.write(OK);
        else socket.resetAndDestroy();
      });
    });
    expect(await outcome(agent.send())).toBe('200 ok');
    await idle();
    expect(await codeOf(agent.send())).toBe('UPSTREAM_PROTOCOL');
    expect(agent.sockets.length).toBe(2);
  });

  test('before it is used again is simply replaced, for any method', async () => {
    const agent = await rawAgent((socket) => onRequest(socket, () => socket.end(OK)));
    for (let i = 0; i < 5; i++) {
      expect(await outcome(agent.send({ method: 'POST' }))).toBe('200 ok');
      await sleep(5);
    }
    expect(agent.sockets.length).toBe(5);
  });
});

describe('the end of an upstream', () => {
  test('close waits for open calls and refuses new ones', async () => {
    const agent = await rawAgent((socket) =>
      onRequest(socket, () => setTimeout(() => socket.write(OK), 80)),
    );
    const text = outcome(agent.send());
    await sleep(20);
    const closed = agent.upstream.close();
    expect(await codeOf(agent.send())).toBe('DRAINING');
    expect(await text).toBe('200 ok');
    await closed;
  });

  test('destroy cuts open calls, also after close', async () => {
    const agent = await rawAgent(() => undefined);
    const exchange = agent.send();
    await until(() => agent.sockets.length === 1);
    const closed = agent.upstream.close();
    const reason = new Error('drained');
    await agent.upstream.destroy(reason);
    await expect(exchange.reply).rejects.toBe(reason);
    await closed;
    expect(await codeOf(agent.send())).toBe('DRAINING');
    expect(agent.upstream.open).toBe(0);
  });
});
