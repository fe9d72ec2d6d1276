import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { until, type World } from './harness.ts';

const BIN = join(import.meta.dirname, '../../bin/sidegate.js');

/** A sidecar in a process of its own, with the files of a world whose own sidecar is left alone. */
export interface SidecarProcess {
  readonly child: ChildProcess;
  readonly audit: () => Record<string, unknown>[];
  /** Everything that it has said so far. */
  readonly said: () => string;
  /** What it says that matches, once it does. */
  readonly saying: (what: RegExp) => Promise<RegExpExecArray>;
  /** The port of the door, once it takes calls. */
  readonly port: () => Promise<number>;
  /** The exit code; null if a signal ended it. */
  readonly ended: Promise<number | null>;
  readonly folder: string;
  /** For the commands that ask it. */
  readonly adminSocket: string;
}

export interface ProcessOptions {
  readonly flags?: readonly string[];
  /** The script to run instead of `sidegate`. */
  readonly script?: string;
  readonly name?: string;
  /** Besides what there is. */
  readonly env?: Readonly<Record<string, string>>;
}

export function startProcess(
  { folder }: Pick<World, 'folder'>,
  { flags = [], script = BIN, name = 'other', env = {} }: ProcessOptions = {},
): SidecarProcess {
  const audit = join(folder, `${name}.jsonl`);
  const adminSocket = join(folder, `${name}.sock`);
  const ports = ['--listen', '127.0.0.1:0', '--status.listen', '127.0.0.1:0'];
  const files = ['--audit.file', audit, '--admin.listen', `unix:${adminSocket}`];
  const config = ['--config', join(folder, 'sidegate.yaml')];
  const args = [script, 'run', ...config, ...ports, ...files, ...flags];
  const child = spawn(process.execPath, args, {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  const ended = once(child, 'close').then(() => child.exitCode);
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (said += text));
  const saying = (what: RegExp) =>
    until(() => {
      if (child.exitCode !== null && !what.test(said)) throw new Error(`it ended: ${said}`);
      return what.exec(said) ?? undefined;
    });
  return {
    child,
    audit: () => linesOf(audit),
    said: () => said,
    saying,
    port: async () => Number((await saying(/https:\/\/127\.0\.0\.1:(\d+)/))[1]),
    ended,
    folder,
    adminSocket,
  };
}

function linesOf(file: string): Record<string, unknown>[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
