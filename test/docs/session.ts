import { createServer } from 'node:http';
import { once } from 'node:events';
import { dirname } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import {
  freePort,
  newCheckout,
  pause,
  printed,
  processesOf,
  start,
  withoutNpm,
  type Checkout,
  type Running,
} from './checkout.ts';
import { GOES_ON, NOT_RUN, normalised, type Command } from './commands.ts';

/** Where the pages say that things listen; each session has ports of its own. */
const DOCUMENTED = { inbound: '8443', status: '9464', agent: '3000' };

/** Somebody who reads a page and types its commands, one after the other, with one sidecar at a time. */
export class Session {
  readonly #checkout: Checkout;
  readonly #env: NodeJS.ProcessEnv;
  readonly #agent: number;
  #sidecar: Running | undefined;

  private constructor(checkout: Checkout, agent: number) {
    this.#checkout = checkout;
    this.#env = withoutNpm(checkout);
    this.#agent = agent;
  }

  static async begin(): Promise<Session> {
    return new Session(await newCheckout(), await startAgent());
  }

  async type(command: Command): Promise<void> {
    if (NOT_RUN.some(({ command: pattern }) => pattern.test(command.text))) return;
    const goesOn = GOES_ON.find(({ command: pattern }) => pattern.test(command.text));
    if (goesOn !== undefined) return this.serve(command.text, goesOn.ready);
    const running = start(this.#here(command.text), this.#checkout.folder, this.#env);
    const { code } = await running.ended;
    const said = `${command.text}\n${running.out()}${running.err()}`;
    expect({ code, said }).toEqual({ code: 0, said });
    if (command.shown !== undefined)
      expect(normalised(running.out())).toBe(normalised(command.shown));
  }

  /** Starts what goes on, in place of what went on before; a page's ports are taken once. */
  async serve(command: string, ready: string): Promise<void> {
    await this.stop();
    const line = `exec ${this.#here(command)}`;
    this.#sidecar = start(line, this.#checkout.folder, this.#env);
    await printed(this.#sidecar, ready);
    // `run` says that it takes calls a moment before it listens for signals; nobody types as fast as that.
    await pause(200);
    if (command === 'npm start') await this.#tryDenied(this.#sidecar.out());
  }

  /** Ctrl-C: it ends with 0, and nothing of it is left. */
  async stop(): Promise<void> {
    if (this.#sidecar === undefined) return;
    const { code } = await this.#sidecar.interrupt();
    const said = this.#sidecar.out() + this.#sidecar.err();
    expect({ code, said }).toEqual({ code: 0, said });
    this.#sidecar = undefined;
    await vanished(dirname(this.#checkout.folder));
  }

  /** Pages speak of what was denied just now: of the lines that are printed, that is the second. */
  async #tryDenied(invitation: string): Promise<void> {
    const line = /^ *denied: +(curl .*)$/m.exec(invitation)?.[1] ?? '';
    await start(line, this.#checkout.folder, this.#env).ended;
  }

  #here(command: string): string {
    const { inbound, status } = this.#checkout.ports;
    return command
      .replaceAll(`:${DOCUMENTED.inbound}`, `:${inbound}`)
      .replaceAll(`:${DOCUMENTED.status}`, `:${status}`)
      .replaceAll(`:${DOCUMENTED.agent}`, `:${this.#agent}`);
  }
}

/** Fails unless every process that was started below the folder is gone in a moment. */
export async function vanished(folder: string): Promise<void> {
  for (let tries = 0; tries < 50 && processesOf(folder).length > 0; tries++) await pause(20);
  expect(processesOf(folder)).toEqual([]);
}

/** The reader's own agent; its port. */
export async function startAgent(): Promise<number> {
  const port = await freePort();
  const server = createServer((_, response) => response.end('hello\n'));
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return port;
}
