import { createServer as createHttpServer } from 'node:http';
import { createServer, type Socket } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { pump, type Reply, type Tunnel } from '../../src/call/index.ts';
import { createUpstream } from '../../src/upstream/index.ts';
import { HandSink, HandSource, drink } from '../call/streams.ts';
import { OK, codeOf, onRequest, outcome, rawAgent, requestOf, sleep, until } from './raw-agent.ts';

const SWITCH =
  'HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: abc\r\n\r\n';

function tunnelOf({ body }: Reply): Tunnel {
  if (body.kind !== 'tunnel') throw new TypeError(body.kind);
  return body.tunnel;
}

/** An agent that switches, says `first` in the same packet, and hands its socket over. */
async function switching(first = '') {
  let use: (socket: Socket) => void = () => undefined;
  const socket = new Promise<Socket>((resolve) => (use = resolve));
  const agent = await rawAgent((connection) => {
    connection.once('data', () => {
      connection.write(SWITCH + first);
      use(connection);
    });
  });
  const exchange = agent.send({ upgrade: 'websocket' });
  return { agent, exchange, reply: await exchange.reply, socket: await socket };
}

describe('an upgrade to WebSocket', () => {
  test('asks the agent for it, and answers with its fields', async () => {
    let head = '';
    const agent = await rawAgent((socket) =>
      onRequest(socket, (text) => {
        head = text;
        socket.write(SWITCH);
      }),
    );
    const headers = [
      ['host', 'agent'],
      ['sec-websocket-key', 'k'],
    ] as const;
    const reply = await agent.send({ upgrade: 'websocket', headers }).reply;
    expect(head).toBe(
      'GET / HTTP/1.1\r\nhost: agent\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-key: k',
    );
    expect(reply.status).toBe(101);
    expect(reply.headers).toEqual([
      ['connection', 'upgrade'],
      ['upgrade', 'websocket'],
      ['sec-websocket-accept', 'abc'],
    ]);
    tunnelOf(reply).source.cancel(new Error('over'));
    await until(() => agent.upstream.open === 0);
  });

  test('carries bytes both ways, those that came with the head first', async () => {
    const { reply, socket, agent } = await switching('first ');
    const { source, sink } = tunnelOf(reply);
    await sleep(20);
    let got = '';
    socket.on('data', (chunk) => {
      got += chunk.toString();
      socket.write(`echo ${chunk.toString()} `);
    });
    let back = '';
    const end = drink(source, (chunk) => (back += Buffer.from(chunk).toString()));
    sink.write(Buffer.from('one'));
    await until(() => back === 'first echo one ');
    sink.write(Buffer.from('two'));
    await until(() => back === 'first echo one echo two ');
    expect(agent.upstream.open).toBe(1);
    socket.end();
    await end;
    sink.end();
    await until(() => agent.upstream.open === 0);
    expect(got).toBe('onetwo');
  });

  test('may be closed by the agent in one direction and still carry the other', async () => {
    const { reply, socket } = await switching();
    const { source, sink } = tunnelOf(reply);
    socket.end('bye');
    expect((await drink(source)).toString()).toBe('bye');
    let got = '';
    socket.on('data', (chunk) => (got += chunk.toString()));
    const ended = new Promise((resolve) => socket.once('end', resolve));
    await sleep(20);
    sink.write(Buffer.from('still '));
    sink.write(Buffer.from('here'));
    sink.end();
    await ended;
    expect(got).toBe('still here');
  });

  test('may be closed by the caller in one direction and still carry the other', async () => {
    const { reply, socket } = await switching();
    const { source, sink } = tunnelOf(reply);
    sink.end();
    socket.on('data', () => undefined);
    await new Promise((resolve) => socket.once('end', resolve));
    const text = drink(source);
    socket.end('late');
    expect((await text).toString()).toBe('late');
  });

  test('tells both directions when the agent resets it', async () => {
    const { reply, socket, agent } = await switching();
    const { source, sink } = tunnelOf(reply);
    const there = new HandSink();
    const hows: unknown[] = [];
    pump(source, there, (how) => hows.push(how));
    const from = new HandSource();
    pump(from, sink, (how) => hows.push(how));
    socket.resetAndDestroy();
    await until(() => hows.length === 2);
    expect(hows.every((how) => how instanceof Error)).toBe(true);
    expect(there.calls).toEqual(['fail']);
    expect(from.cancelled).toBeDefined();
    await until(() => agent.upstream.open === 0);
  });

  test('is cut at once by abort', async () => {
    const { reply, socket, exchange, agent } = await switching();
    const { source } = tunnelOf(reply);
    const reason = new Error('cut');
    const text = drink(source);
    socket.on('data', () => undefined);
    const gone = new Promise((resolve) => socket.once('end', resolve));
    exchange.abort(reason);
    await expect(text).rejects.toBe(reason);
    await gone;
    expect(agent.upstream.open).toBe(0);
  });

  test('is cut by destroy, and waited for by close', async () => {
    const { reply, socket, agent } = await switching();
    const text = drink(tunnelOf(reply).source);
    socket.on('data', () => undefined);
    let closed = false;
    const closing = agent.upstream.close().then(() => (closed = true));
    await sleep(30);
    expect(closed).toBe(false);
    await agent.upstream.destroy(new Error('drained'));
    await expect(text).rejects.toThrow('drained');
    await closing;
  });

  test('that is refused is an ordinary answer, on a connection that is not used again', async () => {
    const agent = await rawAgent((socket) => onRequest(socket, () => socket.write(OK)));
    expect(await outcome(agent.send({ upgrade: 'websocket' }))).toBe('200 ok');
    await until(() => agent.sockets[0]?.readableEnded === true);
  });

  const wrong: [what: string, head: string][] = [
    ['another protocol', SWITCH.replace('WebSocket\r', 'h2c\r')],
    ['two protocols', SWITCH.replace('WebSocket\r', 'websocket, h2c\r')],
    ['two lines of it', SWITCH.replace('\r\n\r\n', '\r\nupgrade: websocket\r\n\r\n')],
    ['no protocol', SWITCH.replace(/Upgrade: .*?\r\n/, '')],
    ['no connection field', SWITCH.replace(/Connection: .*?\r\n/, '')],
  ];
  test.each(wrong)('answered with %s is UPSTREAM_PROTOCOL', async (_, head) => {
    const agent = await rawAgent((socket) => onRequest(socket, () => socket.write(head)));
    expect(await codeOf(agent.send({ upgrade: 'websocket' }))).toBe('UPSTREAM_PROTOCOL');
    await until(() => agent.sockets[0]?.readableEnded === true);
    expect(agent.upstream.open).toBe(0);
  });

  test('carries 20 MiB each way through slow ends without piling them up', async () => {
    const { reply, socket } = await switching();
    const { source, sink } = tunnelOf(reply);
    const total = 20 * 1024 * 1024;
    let echoed = 0;
    socket.pipe(socket);
    let waiting = 0;
    const slow = new HandSink();
    slow.write = (chunk) => {
      echoed += chunk.length;
      if (echoed % 7 !== 0) return true;
      slow.full = true;
      setTimeout(() => slow.drain(), 1);
      return false;
    };
    const ended = new Promise((resolve) => pump(source, slow, resolve));
    let left = total;
    const fill = (): void => {
      while (left > 0) {
        left -= 65_536;
        if (sink.write(Buffer.alloc(65_536))) continue;
        waiting += 1;
        return sink.onDrained(fill);
      }
      sink.end();
    };
    fill();
    expect(await ended).toBe('complete');
    expect(echoed).toBe(total);
    expect(waiting).toBeGreaterThan(0);
  });

  test('works with a real WebSocket server on a Unix socket', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sidegate-tunnel-'));
    const http = createHttpServer();
    const server = new WebSocketServer({ server: http });
    server.on('connection', (socket) => {
      socket.on('message', (data: Buffer) => socket.send(`echo ${data.toString()}`));
    });
    await new Promise<void>((resolve) => http.listen(join(folder, 'a.sock'), resolve));
    const upstream = createUpstream({ target: { kind: 'unix', path: join(folder, 'a.sock') } });
    // A door that knows nothing but bytes.
    const door = createServer({ allowHalfOpen: true });
    onTestFinished(async () => {
      await upstream.destroy(new Error('over'));
      server.close();
      http.close();
      door.close();
      rmSync(folder, { recursive: true });
    });
    const headers = [
      ['host', 'agent'],
      ['sec-websocket-version', '13'],
      ['sec-websocket-key', 'dGhlIHNhbXBsZSBub25jZQ=='],
    ] as const;
    const reply = await upstream.send(requestOf({ headers, upgrade: 'websocket' })).reply;
    expect(reply.headers).toContainEqual(['sec-websocket-accept', 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=']);
    const { source, sink } = tunnelOf(reply);
    let text = '';
    const end = drink(source, (chunk) => (text += Buffer.from(chunk).toString('latin1')));
    // A masked text frame with `hi`, then a masked close frame.
    sink.write(Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69]));
    await until(() => text.includes('echo hi'));
    sink.write(Buffer.from([0x88, 0x80, 0, 0, 0, 0]));
    await end;
  });
});
