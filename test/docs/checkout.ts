import { spawn, type ChildProcess } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { HOME } from './page.ts';

/** What of a checkout the documented commands need; certificates are not there yet. */
const COPIED = [
  ...['.npmrc', 'bin', 'certs/.gitignore', 'certs/README.md', 'examples', 'package.json', 'schema'],
  ...['policy.test.yaml', 'policy.yaml', 'sidegate.yaml'],
];
/** Nothing writes there; of sources in their own place, what was compiled is kept. */
const LINKED = ['node_modules', 'src'];

export interface Checkout {
  /** Where the checkout is; the folder around it is the stranger's. */
  readonly folder: string;
  /** Where the sidecars of this test listen: ports of its own, whatever else runs. */
  readonly ports: { readonly inbound: number; readonly status: number };
  readonly env: NodeJS.ProcessEnv;
}

/** A fresh checkout in a folder of its own, gone when the test is over, and every process that was started there. */
export async function newCheckout(): Promise<Checkout> {
  const around = mkdtempSync(join(tmpdir(), 'sidegate-docs-'));
  const folder = join(around, 'sidegate');
  onTestFinished(() => {
    for (const { pid } of processesOf(around)) process.kill(pid, 'SIGKILL');
    rmSync(around, { recursive: true, force: true });
  });
  for (const name of COPIED) cpSync(join(HOME, name), join(folder, name), { recursive: true });
  for (const name of LINKED) symlinkSync(join(HOME, name), join(folder, name));
  const ports = { inbound: await freePort(), status: await freePort() };
  return { folder, ports, env: environment(ports) };
}

function environment({ inbound, status }: Checkout['ports']): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(SIDEGATE_|npm_|NODE_|VITEST|https?_proxy$)/i.test(name),
  );
  return {
    ...Object.fromEntries(inherited),
    SIDEGATE_INBOUND_LISTEN: `127.0.0.1:${inbound}`,
    SIDEGATE_STATUS_LISTEN: `127.0.0.1:${status}`,
  };
}

/**
 * `npx`, `npm start` and `sidegate` that start this very Node at once: npm takes a second for each command, and the
 * quickstart's own test goes through the real one.
 */
export function withoutNpm({ folder, env }: Checkout): NodeJS.ProcessEnv {
  const bin = join(folder, '../bin');
  const node = process.execPath;
  mkdirSync(bin);
  const script = (name: string, text: string) => {
    writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(bin, name), 0o755);
  };
  script('sidegate', `exec '${node}' '${folder}/bin/sidegate.js' "$@"`);
  script('npx', 'exec "$@"');
  script(
    'npm',
    `[ "$*" = start ] && exec '${node}' examples/start.ts\necho "not here: npm $*"\nexit 9`,
  );
  return { ...env, PATH: `${bin}${delimiter}${env.PATH ?? ''}` };
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Running {
  readonly child: ChildProcess;
  readonly out: () => string;
  readonly err: () => string;
  readonly ended: Promise<Ended>;
  /** Ctrl-C: the whole group gets it, as from a terminal. */
  interrupt(): Promise<Ended>;
}

/** A command line in a process group of its own. */
export function start(command: string, cwd: string, env: NodeJS.ProcessEnv): Running {
  const child = spawn('/bin/sh', ['-c', command], {
    cwd,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  const interrupt = () => {
    if (child.pid === undefined) throw new Error(`could not be started: ${command}`);
    process.kill(-child.pid, 'SIGINT');
    return ended;
  };
  return { child, out: () => out, err: () => err, ended, interrupt };
}

/** Resolves when a text has been printed; rejects if the process ends without. */
export async function printed(running: Running, text: string): Promise<void> {
  const said = () => running.out() + running.err();
  const gone = running.ended.then(({ code, signal }) => {
    if (said().includes(text)) return;
    throw new Error(`ended with ${code ?? signal ?? ''} and never printed '${text}':\n${said()}`);
  });
  gone.catch(() => undefined);
  while (!said().includes(text)) await Promise.race([gone, pause(20)]);
}

/** The processes whose command line names the folder; only Linux says. */
export function processesOf(folder: string): readonly { pid: number; args: string }[] {
  if (!existsSync('/proc/self/cmdline')) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ pid: Number(name), args: argsOf(name) }))
    .filter(({ args }) => args.includes(folder));
}

function argsOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    // It ended meanwhile.
    return '';
  }
}

/** Below the range from which the system takes ports by itself, so that nobody gets it meanwhile. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
