import type { TLSSocket } from 'node:tls';
import { type World } from '../support/harness.ts';
import { listenTo, type Heard } from '../support/scripted-agent.ts';

const LANES = 6;

interface Connection {
  readonly socket: TLSSocket;
  readonly heard: Heard;
}

/** Sends each, one after the other, on a few connections that are kept for as long as they last. */
export async function sendAll(w: World, requests: readonly string[]): Promise<void> {
  const lanes = Array.from({ length: LANES }, (_, lane) =>
    sendOn(
      w,
      requests.filter((_request, index) => index % LANES === lane),
    ),
  );
  await Promise.all(lanes);
}

async function sendOn(w: World, requests: readonly string[]): Promise<void> {
  let open: Connection | undefined;
  for (const bytes of requests) {
    if (open === undefined || open.heard.closed) {
      const socket = await w.raw();
      open = { socket, heard: listenTo(socket) };
    }
    const { socket, heard } = open;
    const before = finals(heard);
    socket.write(bytes, 'latin1');
    await change(socket, () => heard.closed || finals(heard) > before);
    // Whatever stands behind a request is a request of its own, and nobody here waits for its answer.
    if (/\r\n\r\n[^]*HTTP\/1\.1\r\n/.test(bytes) || /connection: close/i.test(heard.text)) {
      socket.end();
      await change(socket, () => heard.closed);
    }
  }
  open?.socket.destroy();
}

function finals({ statuses }: Heard): number {
  return statuses().filter((status) => status >= 200).length;
}

function change(socket: TLSSocket, holds: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (!holds()) return;
      socket.off('data', look).off('close', look);
      resolve();
    };
    socket.on('data', look).on('close', look);
    look();
  });
}
