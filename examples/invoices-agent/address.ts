import { once } from 'node:events';
import { lstat, unlink } from 'node:fs/promises';
import type { Server } from 'node:http';
import { type AddressInfo, connect, type ListenOptions } from 'node:net';

const UNIX = 'unix:';
const HOST_AND_PORT = /^(?:\[(?<v6>[0-9a-fA-F:.]+)\]|(?<host>[^:[\]]+)):(?<port>\d{1,5})$/;

/** `127.0.0.1:3000`, `[::1]:3000` or `unix:/path/agent.sock`. @throws TypeError for anything else */
export function parseAddress(text: string): ListenOptions {
  if (text.startsWith(UNIX) && text.length > UNIX.length) return { path: text.slice(UNIX.length) };
  const { v6, host = v6, port } = HOST_AND_PORT.exec(text)?.groups ?? {};
  if (host === undefined || Number(port) > 65_535)
    throw new TypeError(`--listen takes 127.0.0.1:3000 or unix:/path/agent.sock, not '${text}'`);
  return { host, port: Number(port) };
}

/** Resolves when the server listens; a socket file that a killed process left behind is replaced. */
export async function listenOn(server: Server, address: ListenOptions): Promise<void> {
  if (address.path !== undefined && (await isAbandoned(address.path))) await unlink(address.path);
  server.listen(address);
  await once(server, 'listening');
}

/** `http://127.0.0.1:3000`; `http://localhost` for a Unix socket, where only the path counts. */
export function originOf(server: Server): string {
  const bound = server.address();
  if (bound === null || typeof bound === 'string') return 'http://localhost';
  const { address, family, port }: AddressInfo = bound;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

/** Whether the path is a Unix socket on which nobody listens. Never true for another kind of file. */
async function isAbandoned(path: string): Promise<boolean> {
  const file = await lstat(path).catch(() => undefined);
  if (file?.isSocket() !== true) return false;
  const socket = connect(path);
  try {
    await once(socket, 'connect');
    return false;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED';
  } finally {
    socket.destroy();
  }
}
