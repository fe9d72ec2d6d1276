import { chmodSync, lstatSync, mkdirSync, rmSync } from 'node:fs';
import { connect, type AddressInfo, type Server } from 'node:net';
import { dirname } from 'node:path';
import { OperatorFault, renderListen, type Listen } from '../lib/index.ts';

/** What is to be bound, in words for the operator. */
export interface BindUse {
  /** e.g. `the status server` */
  readonly what: string;
  /** The setting to correct, e.g. `status.listen`. */
  readonly setting: string;
}

/**
 * Has a server listen, and gives the address that it got. On a Unix socket: the folder is made, the socket belongs to
 * its owner alone, and one left behind by a dead process is replaced; one that somebody answers on is not.
 *
 * @throws OperatorFault that says who is in the way and what to do
 */
export async function bind(server: Server, listen: Listen, use: BindUse): Promise<Listen> {
  try {
    if (listen.kind === 'tcp') return await bindTcp(server, listen);
    await bindUnix(server, listen.path);
    return listen;
  } catch (error) {
    throw bindFault(error, listen, use);
  }
}

async function bindTcp(
  server: Server,
  { host, port }: Extract<Listen, { kind: 'tcp' }>,
): Promise<Listen> {
  await listening(server, () => server.listen({ host, port }));
  const address = server.address() as AddressInfo;
  return { kind: 'tcp', host: address.address, port: address.port };
}

async function bindUnix(server: Server, path: string): Promise<void> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  try {
    await listenPrivately(server, path);
  } catch (error) {
    if (codeOf(error) !== 'EADDRINUSE' || !isSocket(path) || (await answers(path))) throw error;
    rmSync(path, { force: true });
    await listenPrivately(server, path);
  }
  chmodSync(path, 0o600);
}

/** The socket is born with mode 0600: set afterwards, it would be open to everybody for a moment. */
async function listenPrivately(server: Server, path: string): Promise<void> {
  await listening(server, () => {
    const before = process.umask(0o177);
    try {
      server.listen({ path });
    } finally {
      process.umask(before);
    }
  });
}

function listening(server: Server, start: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error) => {
      server.off('listening', succeeded);
      reject(error);
    };
    const succeeded = () => {
      server.off('error', failed);
      resolve();
    };
    server.once('error', failed).once('listening', succeeded);
    start();
  });
}

/** Only a socket is ever removed: a path that was mistyped must not cost somebody a file. */
function isSocket(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSocket() === true;
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    // Anything but a plain refusal leaves room for somebody alive behind it.
    socket.once('error', (error) => resolve(codeOf(error) !== 'ECONNREFUSED'));
  });
}

function bindFault(error: unknown, listen: Listen, use: BindUse): OperatorFault {
  const code = codeOf(error);
  const known = REASONS[code];
  const reason = known?.reason ?? `the system said ${code}`;
  return new OperatorFault(
    `${use.what} cannot listen on ${renderListen(listen)}: ${reason}`,
    known?.remedy(use.setting) ?? `Correct '${use.setting}' in sidegate.yaml.`,
    { cause: error, exitCode: 1 },
  );
}

const correct = (setting: string) => `Correct '${setting}' in sidegate.yaml.`;

const REASONS: Readonly<Record<string, { reason: string; remedy: (setting: string) => string }>> = {
  EADDRINUSE: {
    reason: 'something else listens there already, perhaps another sidegate',
    remedy: (setting) => `Stop it, or choose another address for '${setting}'.`,
  },
  EADDRNOTAVAIL: { reason: 'this machine has no such address', remedy: correct },
  ENOTFOUND: { reason: 'this name has no address', remedy: correct },
  EACCES: {
    reason: 'this user may not',
    remedy: (setting) =>
      `Choose a port above 1023, or a folder that this user may write to, for '${setting}'.`,
  },
  EINVAL: {
    reason: 'the path of a socket may have about 100 characters',
    remedy: (setting) => `Choose a shorter path for '${setting}'.`,
  },
};

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}
