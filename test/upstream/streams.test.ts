import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { once } from 'node:events';
import { describe, expect, onTestFinished, test } from 'vitest';
import { pump, type Pumped, type Reply, type Source } from '../../src/call/index.ts';
import { createUpstream } from '../../src/upstream/index.ts';
import { HandSink, HandSource, ListSource, drink } from '../call/streams.ts';
import {
  OK,
  answering,
  onRequest,
  outcome,
  rawAgent,
  requestOf,
  sleep,
  until,
} from './raw-agent.ts';

const MIB = 1024 * 1024;

function sourceOf({ body }: Reply): Source {
  if (body.kind !== 'source') throw new TypeError(body.kind);
  return body.source;
}

/** Writes as much as the socket takes, up to `total`; says how much that was. */
function flood(socket: Socket, total: number): { written: number; done: boolean } {
  const state = { written: 0, done: false };
  const chunk = Buffer.alloc(65_536, 'x');
  const more = (): void => {
    while (state.written < total && !socket.destroyed) {
      state.written += chunk.length;
      if (!socket.write(chunk)) return void socket.once('drain', more);
    }
    state.done = true;
  };
  more();
  return state;
}

function* chunks(total: number, size = 65_536): Generator<Uint8Array> {
  const chunk = Buffer.alloc(size, 'y');
  for (let left = total; left > 0; left -= size) yield chunk;
}

/** Bytes that the process may hold more than before: what waits for the garbage collector, of 400 MiB that pass. */
const GROWTH = 160 * MIB;

// What the kernel keeps for both ends of a loopback connection can be some MiB.
const KERNEL = 12 * MIB;

describe('a caller that does not read stops the agent', () => {
  test('before the answer is taken at all', async () => {
    let state = { written: 0, done: false };
    const agent = await rawAgent((socket) =>
      onRequest(socket, () => {
        socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${100 * MIB}\r\n\r\n`);
        state = flood(socket, 100 * MIB);
      }),
    );
    const exchange = agent.send();
    const source = sourceOf(await exchange.reply);
    await sleep(200);
    const held = state.written;
    expect(held).toBeLessThan(KERNEL);
    await sleep(100);
    expect(state.written).toBe(held);
    let got = 0;
    await drink(source, (chunk) => (got += chunk.length));
    expect(got).toBe(100 * MIB);
  });

  test('in the middle of it, and no chunk comes after pause', async () => {
    let state = { written: 0, done: false };
    const agent = await rawAgent((socket) =>
      onRequest(socket, () => {
        socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${50 * MIB}\r\n\r\n`);
        state = flood(socket, 50 * MIB);
      }),
    );
    const source = sourceOf(await agent.send().reply);
    const sink = new HandSink();
    let got = 0;
    let paused = false;
    sink.write = (chunk) => {
      expect(paused).toBe(false);
      got += chunk.length;
      paused = sink.full;
      return !paused;
    };
    let how: Pumped | undefined;
    pump(source, sink, (ended) => (how = ended));
    await until(() => got > MIB);
    sink.full = true;
    await until(() => paused);
    await sleep(150);
    const taken = got;
    expect(state.written - taken).toBeLessThan(KERNEL);
    await sleep(50);
    expect(got).toBe(taken);
    paused = false;
    sink.drain();
    await until(() => how !== undefined);
    expect(how).toBe('complete');
    expect(got).toBe(50 * MIB);
  });

  test('also by an asynchronous pause, which holds the next chunk back', async () => {
    const agent = await rawAgent((socket) =>
      onRequest(socket, () => {
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nab');
        setTimeout(() => socket.write('cd'), 30);
        setTimeout(() => socket.write('ef'), 60);
      }),
    );
    const source = sourceOf(await agent.send().reply);
    const sink = new HandSink();
    source.start(sink);
    source.pause();
    await sleep(120);
    expect(sink.text).toBe('ab');
    source.resume();
    await until(() => sink.calls.includes('end'));
    expect(sink.text).toBe('abcdef');
  });

  test('and gets it whole although the agent closes meanwhile', async () => {
    const agent = await rawAgent((socket) =>
      onRequest(socket, () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        const state = flood(socket, 3 * MIB);
        const timer = setInterval(() => {
          if (!state.done) return;
          clearInterval(timer);
          socket.end();
        }, 1);
      }),
    );
    const source = sourceOf(await agent.send().reply);
    let got = 0;
    const sink = new HandSink();
    sink.write = (chunk) => {
      got += chunk.length;
      setTimeout(() => sink.drain(), 1);
      return false;
    };
    const how = await new Promise((resolve) => pump(source, sink, resolve));
    expect(how).toBe('complete');
    expect(got).toBe(3 * MIB);
  });

  test('byte by byte, nothing is lost', async () => {
    const text = 'the quick brown fox jumps over the lazy dog';
    const agent = await rawAgent((socket) =>
      onRequest(socket, () => {
        const wire = `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2b\r\n${text}\r\n0\r\n\r\n`;
        let i = 0;
        const next = (): void => {
          if (i < wire.length) socket.write(wire[i++] ?? '', () => setImmediate(next));
        };
        socket.setNoDelay(true);
        next();
      }),
    );
    expect(await outcome(agent.send())).toBe(`200 ${text}`);
  });
});

test('an agent that does not read stops the caller', async () => {
  const agent = await rawAgent((socket) => socket.pause());
  const source = new ListSource(chunks(200 * MIB));
  const exchange = agent.send({ method: 'POST', body: source });
  await sleep(300);
  const held = exchange.sent;
  expect(held).toBeGreaterThan(0);
  expect(held).toBeLessThan(KERNEL);
  await sleep(100);
  expect(exchange.sent).toBe(held);
  exchange.abort(new Error('enough'));
  expect(source.cancelled?.message).toBe('enough');
});

test('200 MiB go each way at the same time and the process does not grow by them', async () => {
  const total = 200 * MIB;
  // The process of the test is the agent as well; it keeps nothing either.
  let received = 0;
  const server = createServer((request, response) => {
    response.writeHead(200, { 'content-length': total });
    flood(response as unknown as Socket, total);
    request.on('data', (chunk: Buffer) => (received += chunk.length));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const upstream = createUpstream({ target: { kind: 'tcp', host: '127.0.0.1', port } });
  onTestFinished(async () => {
    await upstream.destroy(new Error('over'));
    server.closeAllConnections();
    server.close();
  });
  const before = process.memoryUsage().rss;
  let most = 0;
  const watch = setInterval(() => (most = Math.max(most, process.memoryUsage().rss)), 20);
  const request = { method: 'POST', body: new ListSource(chunks(total)), bodyLength: total };
  const exchange = upstream.send(requestOf(request));
  let got = 0;
  await drink(sourceOf(await exchange.reply), (chunk) => (got += chunk.length));
  await until(() => received === total);
  clearInterval(watch);
  expect(got).toBe(total);
  expect(most - before).toBeLessThan(GROWTH);
});

test('10,000 calls one after the other leave nothing behind', async () => {
  const agent = await rawAgent(answering(OK));
  for (let i = 0; i < 2000; i++) await agent.send().reply.then((reply) => drink(sourceOf(reply)));
  const sockets = agent.sockets.length;
  const open = process.getActiveResourcesInfo().length;
  for (let i = 0; i < 8000; i++) await agent.send().reply.then((reply) => drink(sourceOf(reply)));
  expect(agent.sockets.length).toBe(sockets);
  expect(sockets).toBeLessThan(4);
  expect(process.getActiveResourcesInfo().length).toBeLessThan(open + 5);
  expect(agent.upstream.open).toBe(0);
});

test('200 calls with bodies leave no listeners on the connections', async () => {
  const agent = await rawAgent((socket) => {
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      if (!text.endsWith('body!')) return;
      text = '';
      socket.write(OK);
    });
  });
  const warnings: Error[] = [];
  const warned = (warning: Error): void => void warnings.push(warning);
  process.on('warning', warned);
  onTestFinished(() => void process.off('warning', warned));
  for (let i = 0; i < 200; i++) {
    const source = new HandSource();
    const text = outcome(agent.send({ method: 'POST', body: source, bodyLength: 5 }));
    await until(() => source.sink !== undefined);
    source.sink?.write(Buffer.from('body!'));
    source.sink?.end();
    expect(await text).toBe('200 ok');
  }
  expect(agent.sockets.length).toBeLessThan(4);
  expect(warnings).toEqual([]);
});

test('500 calls at the same time all get their own answer', async () => {
  const agent = await rawAgent((socket) =>
    onRequest(socket, (head) => {
      const path = /^GET (\S+)/.exec(head)?.[1] ?? '';
      setTimeout(
        () => socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${path.length}\r\n\r\n${path}`),
        Math.random() * 20,
      );
    }),
  );
  const paths = Array.from({ length: 500 }, (_, i) => `/${i}`);
  const texts = await Promise.all(paths.map((path) => outcome(agent.send({ path }))));
  expect(texts).toEqual(paths.map((path) => `200 ${path}`));
});
