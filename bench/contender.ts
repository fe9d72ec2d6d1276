import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Pool } from 'undici';

export interface ContenderOptions {
  readonly name: string;
  /** For Node. It says on which `https://127.0.0.1:PORT` it listens. */
  readonly args: readonly string[];
  /** With `ca.crt`, and `billing.crt` with its key. */
  readonly certs: string;
  /** Authorization fields that are sent in turns; none if empty. */
  readonly authorizations?: readonly string[];
  /** What each answer must be. */
  readonly body: string;
}

const AT_A_TIME = 16;

/** A proxy in a process of its own, calls to it over kept connections, and the CPU time that they cost it. */
export class Contender {
  readonly name: string;
  /** Calls so far. */
  calls = 0;
  readonly #child: ChildProcess;
  readonly #pool: Pool;
  readonly #headers: readonly Readonly<Record<string, string>>[];
  readonly #body: string;

  private constructor(options: ContenderOptions, child: ChildProcess, pool: Pool) {
    this.name = options.name;
    this.#child = child;
    this.#pool = pool;
    this.#body = options.body;
    const fields = (options.authorizations ?? []).map((authorization) => ({ authorization }));
    this.#headers = fields.length === 0 ? [{}] : fields;
  }

  static async start(options: ContenderOptions): Promise<Contender> {
    const child = spawn(process.execPath, options.args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const origin = await originOf(child);
    const read = (file: string) => readFileSync(join(options.certs, file));
    const connect = { ca: read('ca.crt'), cert: read('billing.crt'), key: read('billing.key') };
    const pool = new Pool(origin, { connections: AT_A_TIME, connect });
    return new Contender(options, child, pool);
  }

  async load(calls: number): Promise<void> {
    let left = calls;
    const worker = async (): Promise<void> => {
      while (left-- > 0) await this.#call();
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, worker));
  }

  /** Microseconds that all its threads were on a CPU (`schedstat` of proc(5)). */
  cpu(): number {
    const tasks = `/proc/${this.#child.pid ?? 0}/task`;
    const nanoseconds = readdirSync(tasks).map((task) =>
      Number(readFileSync(join(tasks, task, 'schedstat'), 'utf8').split(' ', 1)[0]),
    );
    return nanoseconds.reduce((sum, one) => sum + one, 0) / 1000;
  }

  /** Ends it as an operator would. */
  async stop(): Promise<void> {
    await this.#pool.destroy();
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await exit;
  }

  async #call(): Promise<void> {
    const headers = this.#headers[this.calls++ % this.#headers.length] ?? {};
    const asked = { method: 'GET', path: '/invoices/INV-1', headers } as const;
    const { statusCode, body } = await this.#pool.request(asked);
    const text = await body.text();
    if (statusCode !== 200 || text !== this.#body)
      throw new Error(`${this.name} answered ${statusCode}: ${text}`);
  }
}

async function originOf(child: ChildProcess): Promise<string> {
  let said = '';
  return new Promise<string>((found, failed) => {
    const listen = (chunk: Buffer): void => {
      said += chunk.toString();
      const match = /https:\/\/127\.0\.0\.1:\d+/.exec(said);
      if (match !== null) found(match[0]);
    };
    child.stdout?.on('data', listen);
    child.stderr?.on('data', listen);
    void once(child, 'exit').then(() => failed(new Error(said)));
  });
}
