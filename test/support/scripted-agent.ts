import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { onTestFinished } from 'vitest';

/** An agent that says whatever bytes a test wants. */
export interface ScriptedAgent {
  /** For `world()`. */
  readonly upstream: string;
  /** The heads of the requests that reached it, of those without a body. */
  readonly heads: readonly string[];
  /** The connections on which they came. */
  readonly sockets: readonly Socket[];
  /** Every byte that reached it. */
  bytes(): string;
  /** How many of its connections are open. */
  open(): number;
}

export const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
export const SWITCHED =
  'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n';

/** `answer` is called with every request head; the default stays silent. All is gone when the test is over. */
export async function scriptedAgent(
  answer: (socket: Socket, head: string) => void = () => undefined,
): Promise<ScriptedAgent> {
  const heads: string[] = [];
  const asked: Socket[] = [];
  const chunks: Buffer[] = [];
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('error', () => socket.destroy()).once('close', () => open.delete(socket));
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      text += chunk.toString('latin1');
      for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
        const head = text.slice(0, end);
        text = text.slice(end + 4);
        heads.push(head);
        asked.push(socket);
        answer(socket, head);
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return {
    upstream: `http://127.0.0.1:${port ?? 0}`,
    heads,
    sockets: asked,
    bytes: () => Buffer.concat(chunks).toString('latin1'),
    open: () => open.size,
  };
}

/** What a raw connection has said so far. */
export interface Heard {
  text: string;
  closed: boolean;
  /** The statuses in it, in their order. */
  statuses(): readonly number[];
}

export function listenTo(socket: Duplex): Heard {
  const heard: Heard = {
    text: '',
    closed: false,
    statuses: () =>
      [...heard.text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, code]) => Number(code)),
  };
  socket.on('data', (chunk: Buffer) => (heard.text += chunk.toString('latin1')));
  socket.on('error', () => undefined);
  socket.once('close', () => (heard.closed = true));
  return heard;
}
