import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { adminCall } from '../../src/status/index.ts';
import { eventually, sleep } from './options.ts';

const BIN = join(import.meta.dirname, '../../bin/sidegate.js');
const SILENCE = 20_000;
const TRIES = 30;

/** A sidecar as an operator runs it: a process, a folder, signals, its two sockets. */
export class SidecarProcess {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #said: LastWords;

  private constructor(
    { child, folder, said }: { child: ChildProcess; folder: string; said: LastWords },
    port: number,
  ) {
    this.#child = child;
    this.#folder = folder;
    this.#said = said;
    this.port = port;
  }

  /** @throws Error with what it said, if it does not come up */
  static async start(folder: string): Promise<SidecarProcess> {
    const args = [BIN, 'run', '--config', join(folder, 'sidegate.yaml')];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    const said = new LastWords();
    const port = await new Promise<number>((found, failed) => {
      child.stderr.on('data', (chunk: Buffer) => {
        said.add(chunk.toString());
        const match = /https:\/\/127\.0\.0\.1:(\d+)/.exec(said.text);
        if (match !== null) found(Number(match[1]));
      });
      void once(child, 'exit').then(() => failed(new Error(`the sidecar ended: ${said.text}`)));
    });
    return new SidecarProcess({ child, folder, said }, port);
  }

  /** What it said last. */
  get lastWords(): string {
    return this.#said.text;
  }

  get alive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Open file descriptors. */
  get handles(): number {
    return readdirSync(`/proc/${this.#child.pid ?? 0}/fd`).length;
  }

  /** Whether the policy and the trust on disk were taken. */
  async reload(): Promise<boolean> {
    const report = (await this.#order('/reload')) as {
      reloaded: { what: string; ok: boolean }[];
    };
    return report.reloaded.every(({ what, ok }) => ok || what === 'identity');
  }

  signal(signal: 'SIGHUP' | 'SIGTERM' | 'SIGKILL'): void {
    this.#child.kill(signal);
  }

  /** Whether this policy came into force. */
  async hasPolicy(digest: string): Promise<boolean> {
    const seen = await eventually(
      async () => ((await this.page('/metrics')).includes(digest) ? true : undefined),
      20_000,
      150,
    );
    return seen === true;
  }

  /** Kills an agent, or lifts that, as `sidegate kill` does. */
  async kill(agent: string, killed: boolean): Promise<void> {
    await this.#order(`${killed ? '/kill' : '/lift'}?agent=${agent}&by=soak`);
  }

  #order(path: string): Promise<unknown> {
    const socket = join(this.#folder, 'sidegate.sock');
    return this.#again(() => adminCall(socket, 'POST', path));
  }

  /** The sidecar cuts off who is slow to ask, and on a machine that stands still for seconds everybody is. */
  async #again<T>(ask: () => Promise<T>): Promise<T> {
    for (let left = TRIES; ; left--) {
      try {
        return await ask();
      } catch (error) {
        if (left === 1 || !this.alive) throw error;
        await sleep(1000);
      }
    }
  }

  page(path: string): Promise<string> {
    return this.#again(() => this.#page(path));
  }

  #page(path: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const socketPath = join(this.#folder, 'status.sock');
      const asked = request({ socketPath, path, agent: false, timeout: SILENCE }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.once('end', () => resolve(text)).once('error', reject);
      });
      asked.once('timeout', () => asked.destroy(new Error(`${path} is silent`)));
      asked.once('error', reject).end();
    });
  }

  /** Its exit code after SIGTERM; undefined if it had to be ended by force. */
  async stop(): Promise<number | undefined> {
    if (!this.alive) return this.#child.exitCode ?? undefined;
    const gone = once(this.#child, 'exit');
    this.signal('SIGTERM');
    const force = setTimeout(() => this.signal('SIGKILL'), 20_000);
    await gone;
    clearTimeout(force);
    return this.#child.exitCode ?? undefined;
  }
}

/** The end of what a process says. */
class LastWords {
  text = '';

  add(words: string): void {
    this.text = (this.text + words).slice(-4096);
  }
}

/** The value of a metric without labels. */
export function metric(page: string, name: string): number {
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(page)?.[1] ?? NaN);
}
