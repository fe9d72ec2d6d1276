import type { Server } from 'node:http';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import { Refusal } from './refusal.ts';
import type { Routes } from './router.ts';

export const SOCKET_PATH = '/socket';

const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;
const GRACE_MS = 1000;

export const socketRoutes: Routes = {
  [SOCKET_PATH]: {
    GET: () => {
      throw new Refusal(426, 'This is a WebSocket: ask for an upgrade.', {
        headers: { upgrade: 'websocket', connection: 'upgrade' },
      });
    },
  },
};

/** A WebSocket that sends back every message as it came. Returns what closes all of them. */
export function echoOn(server: Server): () => void {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE_BYTES });
  server.on('upgrade', (request, duplex, head) => {
    sockets.handleUpgrade(request, duplex, head, echo);
  });
  return () => {
    for (const socket of sockets.clients) {
      socket.close(1001, 'The agent is stopping.');
      setTimeout(() => socket.terminate(), GRACE_MS).unref();
    }
  };
}

function echo(socket: WebSocket): void {
  // ws closes the socket by itself; without a listener the error would end the process.
  socket.on('error', () => undefined);
  socket.on('message', (message: RawData, isBinary: boolean) => {
    // Reading waits for writing, so that a caller that never reads cannot fill our memory.
    socket.pause();
    socket.send(message, { binary: isBinary }, () => socket.resume());
  });
}
