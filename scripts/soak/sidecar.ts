import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { adminCall } from '../../src/status/index.ts';
import { eventually } from './options.ts';

const BIN = join(import.meta.dirname, '../../bin/sidegate.js');

/** A sidecar as an operator runs it: a process, a folder, signals, its two sockets. */
export class SidecarProcess {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #folder: string;

  private constructor(child: ChildProcess, folder: string, port: number) {
    this.#child = child;
    this.#folder = folder;
    this.port = port;
  }

  /** @throws Error with what it said, if it does not come up */
  static async start(folder: string): Promise<SidecarProcess> {
    const args = [BIN, 'run', '--config', join(folder, 'sidegate.yaml')];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    const port = await new Promise<number>((found, failed) => {
      child.stderr.on('data', (chunk: Buffer) => {
        if (said.length < 65_536) said += chunk.toString();
        const match = /https:\/\/127\.0\.0\.1:(\d+)/.exec(said);
        if (match !== null) found(Number(match[1]));
      });
      void once(child, 'exit').then(() => failed(new Error(`the sidecar ended: ${said}`)));
    });
    return new SidecarProcess(child, folder, port);
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
    const report = (await adminCall(join(this.#folder, 'sidegate.sock'), 'POST', '/reload')) as {
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
    const path = `${killed ? '/kill' : '/lift'}?agent=${agent}&by=soak`;
    await adminCall(join(this.#folder, 'sidegate.sock'), 'POST', path);
  }

  page(path: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const socketPath = join(this.#folder, 'status.sock');
      const asked = request({ socketPath, path, agent: false }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.once('end', () => resolve(text)).once('error', reject);
      });
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

/** The value of a metric without labels. */
export function metric(page: string, name: string): number {
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(page)?.[1] ?? NaN);
}
