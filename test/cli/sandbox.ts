import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { LastWords, runCli, type ProcessSignal, type Terminal } from '../../src/cli/index.ts';

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export const BIN = fileURLToPath(new URL('../../bin/sidegate.js', import.meta.url));

/** A folder that is gone when the test is over, in which commands run. */
export function newSandbox() {
  const folder = mkdtempSync(join(tmpdir(), 'sidegate-cli-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = (name: string): string => join(folder, name);
  return {
    folder,
    file,
    read: (name: string): string => readFileSync(file(name), 'utf8'),
    write: (name: string, text: string): void => {
      mkdirSync(dirname(file(name)), { recursive: true });
      writeFileSync(file(name), text);
    },
    mkdir: (name: string): void => void mkdirSync(file(name), { recursive: true }),
    run: (...args: readonly string[]): Promise<Ran> => runIn(folder, args),
    runWith: (more: Partial<Terminal>, ...args: readonly string[]): Promise<Ran> =>
      runIn(folder, args, more),
    bin: (...args: readonly string[]): Promise<Ran> => runBin(folder, args),
  };
}

export type Sandbox = ReturnType<typeof newSandbox>;

/** A command in this very process. */
export async function runIn(
  cwd: string,
  args: readonly string[],
  more: Partial<Terminal> = {},
): Promise<Ran> {
  let out = '';
  let err = '';
  const terminal: Terminal = {
    out: (text) => void (out += text),
    err: (text) => void (err += text),
    env: {},
    cwd,
    outIsTTY: false,
    errIsTTY: false,
    columns: 100,
    now: Date.now,
    signals: { on: () => undefined, off: () => undefined },
    lastWords: new LastWords(),
    ...more,
  };
  const code = await runCli(args, terminal);
  return { code, out, err };
}

/** The real program, in a process of its own. */
export async function runBin(
  cwd: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<Ran> {
  const child = spawn(process.execPath, [BIN, ...args], {
    cwd,
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  const [code] = (await once(child, 'close')) as [number];
  return { code, out, err };
}

/** Signals that a test sends itself. */
export function handSignals() {
  const listeners = new Map<ProcessSignal, Set<() => void>>();
  const of = (signal: ProcessSignal): Set<() => void> => {
    const set = listeners.get(signal) ?? new Set<() => void>();
    listeners.set(signal, set);
    return set;
  };
  return {
    on: (signal: ProcessSignal, listener: () => void) => of(signal).add(listener),
    off: (signal: ProcessSignal, listener: () => void) => of(signal).delete(listener),
    send: (signal: ProcessSignal) => {
      for (const listener of [...of(signal)]) listener();
    },
    listening: () => [...listeners.values()].reduce((sum, set) => sum + set.size, 0),
  };
}

/** Says of every fault that reaches a person: one sentence, a remedy, no stack. */
export function isClearFault({ err }: Ran): boolean {
  const lines = err.trimEnd().split('\n');
  const [sentence = '', remedy = ''] = [lines[0], lines.at(-1)];
  return (
    lines.length >= 2 &&
    sentence.length > 10 &&
    remedy.startsWith('  ') &&
    !/\n\s+at .*\d+:\d+/.test(err) &&
    !/Error:|undefined|\[object/.test(err)
  );
}
