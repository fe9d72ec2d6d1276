import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const MAIN = join(import.meta.dirname, '../../examples/invoices-agent/main.ts');

/** The agent behind the sidecar, a process of its own. */
export class Upstream {
  readonly #folder: string;
  #child: ChildProcess | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async start(): Promise<void> {
    const args = [MAIN, '--listen', `unix:${join(this.#folder, 'agent.sock')}`];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#child = child;
    const listens = once(child.stdout, 'data');
    const ended = once(child, 'exit').then(() => {
      throw new Error('the agent ended before it listened');
    });
    await Promise.race([listens, ended]);
    ended.catch(() => undefined);
    child.stdout.resume();
  }

  /** At once, without a word to anybody. */
  async crash(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child?.exitCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }
}
