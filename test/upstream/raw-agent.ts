import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import {
  createUpstream,
  type Exchange,
  type Upstream,
  type UpstreamOptions,
  type UpstreamRequest,
} from '../../src/upstream/index.ts';
import { drink } from '../call/streams.ts';

/** What an agent does with its `count`-th connection, counted from 1. */
export type Behaviour = (socket: Socket, count: number) => void;

/** An agent that says whatever bytes the test wants, and an upstream to it; both are gone after the test. */
export interface RawAgent {
  readonly upstream: Upstream;
  readonly port: number;
  readonly server: Server;
  readonly sockets: Socket[];
  send(request?: Partial<UpstreamRequest>): Exchange;
}

export async function rawAgent(
  behaviour: Behaviour,
  options: Omit<UpstreamOptions, 'target'> = {},
): Promise<RawAgent> {
  const sockets: Socket[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    behaviour(socket, sockets.length);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('no port');
  const { port } = address;
  const upstream = createUpstream({ target: { kind: 'tcp', host: '127.0.0.1', port }, ...options });
  onTestFinished(async () => {
    await upstream.destroy(new Error('the test is over'));
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const send = (request: Partial<UpstreamRequest> = {}): Exchange =>
    upstream.send(requestOf(request));
  return { upstream, port, server, sockets, send };
}

export function requestOf(request: Partial<UpstreamRequest>): UpstreamRequest {
  return {
    method: 'GET',
    path: '/',
    headers: [['host', 'agent']],
    body: undefined,
    bodyLength: undefined,
    upgrade: undefined,
    ...request,
  };
}

/** Answers each request head (requests without a body) with these bytes. */
export function answering(...answers: string[]): Behaviour {
  let next = 0;
  return (socket) => {
    onRequest(socket, () => {
      socket.write(answers[Math.min(next++, answers.length - 1)] ?? '', 'latin1');
    });
  };
}

/** Calls back with each request head. */
export function onRequest(socket: Socket, got: (head: string) => void): void {
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
    for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
      const head = text.slice(0, end);
      text = text.slice(end + 4);
      got(head);
    }
  });
}

export const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

/** Status and body, as text. */
export async function outcome(exchange: Exchange): Promise<string> {
  const { status, body } = await exchange.reply;
  if (body.kind === 'empty') return `${status}`;
  if (body.kind !== 'source') throw new TypeError(body.kind);
  return `${status} ${(await drink(body.source)).toString('latin1')}`;
}

/** The code of the refusal that an exchange ends with. */
export async function codeOf(exchange: Exchange): Promise<unknown> {
  return exchange.reply.then(
    (reply) => `answered ${reply.status}`,
    (why: unknown) => (why instanceof Object && 'code' in why ? why.code : why),
  );
}

export const sleep = (ms: number): Promise<void> => new Promise((r) => setTimeout(r, ms));

/** Waits until something is so, for two seconds at most. */
export async function until(what: () => boolean): Promise<void> {
  for (let i = 0; !what(); i++) {
    if (i > 400) throw new Error('it never came to be');
    await sleep(5);
  }
}
