import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { connect, createServer, type NetConnectOpts } from 'node:net';
import { onTestFinished } from 'vitest';
import { until } from '../support/harness.ts';

/** One request as a server read it. Bytes are latin1 characters but in `path`. */
export interface Read {
  /** The `x-request-id` that it came with. */
  readonly id: string;
  readonly status: number;
  readonly method: string;
  /** Undecoded, with the query. */
  readonly target: string;
  /** As the server maps it to what it serves: decoded, without the query. */
  readonly path: string;
  /** Names in lower case. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** Undefined where the server was not made to read one. */
  readonly body: string | undefined;
}

/** A real server behind the sidecar that writes down what it read. */
export interface ReadingServer {
  /** For `world()`. */
  readonly upstream: string;
  /** What `Host` must say to it. */
  readonly authority: string;
  /** Every request so far, those included that it refused. */
  reads(): readonly Read[];
  /** What it had to complain of. */
  complaints(): string;
}

/** Whether the program can be started here. */
export function isHere(program: string): boolean {
  return spawnSync(program, ['-v'], { stdio: 'ignore' }).error === undefined;
}

/** Runs it until the test is over; ready when it can be connected to. False if it ended before that. */
export async function run(
  program: string,
  args: readonly string[],
  at: NetConnectOpts,
): Promise<boolean> {
  const child = spawn(program, args, { stdio: 'ignore' });
  const ended = once(child, 'exit');
  onTestFinished(async () => {
    child.kill('SIGTERM');
    await ended;
  });
  return until(async () => {
    if (child.exitCode !== null) return false;
    return (await answers(at)) ? true : undefined;
  });
}

async function answers(at: NetConnectOpts): Promise<boolean> {
  const socket = connect(at);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** A port of the loopback address that is free at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (typeof address !== 'object' || address === null) throw new TypeError('a TCP server');
  return address.port;
}

/** The lines of a log that are written out. */
export function linesOf(file: string): readonly string[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'latin1').split('\n').slice(0, -1);
}

export function utf8(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString();
}
