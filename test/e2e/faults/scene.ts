import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { world, type World, type WorldOptions } from '../../support/harness.ts';
import type { TestServer } from '../../support/peers.ts';
import type { Credential } from '../../support/pki.ts';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
const LONG = 72 * HOUR;

/** An agent that counts, and that can be told how to fail. */
export interface CountingAgent {
  /** Requests that reached it. */
  readonly reached: number;
  behave: 'well' | 'garbled' | 'slow' | 'breaks off';
  stop(): Promise<void>;
  start(): Promise<void>;
}

/** A sidecar whose clock a test can set, its agent, and a caller whose certificate outlasts what is done to the clock. */
export interface Scene {
  readonly w: World;
  readonly agent: CountingAgent;
  readonly clock: { ahead: number };
  readonly caller: Credential;
  /** What it sends with every call. */
  headers: Readonly<Record<string, string>>;
  /** Whom the agent calls, where it calls anybody. */
  peer: TestServer | undefined;
  /** In the sidecar's folder. */
  path(file: string): string;
  /** Of /readyz. */
  ready(): Promise<Ready>;
  /** Our own certificate anew, valid until then. */
  renewOwn(notAfter: number): void;
}

export interface Ready {
  readonly status: number;
  readonly reasons: readonly string[];
  readonly degraded: readonly string[];
}

export async function scene(options: WorldOptions = {}): Promise<Scene> {
  const { agent, port } = await countingAgent();
  const clock = { ahead: 0 };
  const w = await world({
    ...{ upstream: `http://127.0.0.1:${port}`, crl: true },
    ...{ now: () => Date.now() + clock.ahead, ...options },
  });
  const ends = () => Date.now() + LONG;
  const renewOwn = (notAfter: number): void => {
    const id = 'spiffe://acme.test/agent/invoices';
    const own = w.issue({ id, ip: ['127.0.0.1'], notAfter });
    w.write('certs/server.crt', own.certPem);
    w.write('certs/server.key', own.keyPem);
    w.sidecar.reload();
  };
  w.write('certs/ca.crl', w.ca.crl({ nextUpdate: ends(), number: 2 }).pem);
  renewOwn(ends());
  const caller = w.issue({ id: 'spiffe://acme.test/agent/billing', notAfter: ends() });
  const path = (file: string) => join(w.folder, file);
  return {
    w,
    agent,
    clock,
    caller,
    headers: {},
    peer: undefined,
    path,
    renewOwn,
    ready: () => readyOf(w),
  };
}

async function readyOf(w: World): Promise<Ready> {
  const { status } = w.sidecar;
  if (status?.kind !== 'tcp') throw new TypeError('the harness has a status server');
  const answer = await fetch(`http://127.0.0.1:${status.port}/readyz`);
  const { reasons, degraded = [] } = (await answer.json()) as {
    reasons: string[];
    degraded?: string[];
  };
  return { status: answer.status, reasons, degraded };
}

async function countingAgent(): Promise<{ agent: CountingAgent; port: number }> {
  let reached = 0;
  let server: Server;
  let port = 0;
  const agent: CountingAgent = {
    behave: 'well',
    get reached() {
      return reached;
    },
    stop: async () => {
      server.closeAllConnections();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
    start: async () => {
      server = createServer((request, response) => {
        reached += 1;
        if (agent.behave === 'slow') return;
        if (agent.behave === 'breaks off') request.socket.end('HTTP/1.1 2');
        else if (agent.behave === 'garbled') request.socket.end('HTTP/9 what?\r\n\r\n');
        else response.end('ok');
      }).listen(port, '127.0.0.1');
      await once(server, 'listening');
      const address = server.address();
      if (typeof address === 'object' && address !== null) port = address.port;
    },
  };
  await agent.start();
  onTestFinished(() => agent.stop());
  return { agent, port };
}
