import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as tlsConnect, type TLSSocket } from 'node:tls';
import { onTestFinished } from 'vitest';
import { startInvoicesAgent, type InvoicesAgent } from '../../examples/invoices-agent/server.ts';
import { startSidecar, type Sidecar } from '../../src/app/index.ts';
import { loadConfig } from '../../src/config/index.ts';
import { throwawayCa, type Credential, type IssueOptions, type ThrowawayCa } from './pki.ts';

export const TRUST_DOMAIN = 'acme.test';

/** A policy for most tests: everything that the sample agent has, but `/admin`. */
export const POLICY = `version: 1
trustDomain: acme.test
agents:
  billing: [invoices:read, invoices:write]
  planner: [invoices:read]
  retired: { scopes: [], disabled: true }
routes:
  GET /invoices: [invoices:read]
  GET /invoices/{id}: [invoices:read]
  POST /invoices: { scopes: [invoices:write], body: 64KiB }
  GET /whoami: []
  GET /events: [invoices:read]
  GET /events/open: []
  GET /download: [invoices:read]
  POST /upload: [invoices:write]
  GET /socket: { scopes: [invoices:read], upgrade: websocket }
  GET,POST,DELETE /mcp: [invoices:read]
`;

export interface World {
  readonly folder: string;
  readonly ca: ThrowawayCa;
  readonly sidecar: Sidecar;
  /** Of the sample agent; undefined if the test brought its own upstream. */
  readonly agent: InvoicesAgent | undefined;
  readonly port: number;
  readonly origin: string;
  /** What went to the terminal or the log. */
  readonly log: () => string;
  /** A credential of an agent of the policy, by name. */
  as(name: string): Credential;
  issue(options: IssueOptions): Credential;
  call(options: CallOptions): Promise<Answer>;
  open(options: CallOptions): Promise<IncomingMessage>;
  /** A TLS connection with that agent's certificate, for bytes of one's own. */
  raw(credential?: Credential): Promise<TLSSocket>;
  /** Every audit line so far, written out. */
  audit(): Promise<Record<string, unknown>[]>;
  /** Audit lines of finished calls and refused connections, once there are at least `n`. */
  ended(n: number): Promise<Record<string, unknown>[]>;
  /** Writes a file of the sidecar's folder anew. */
  write(file: string, text: string): void;
  metrics(): Promise<string>;
  why(id: string): Promise<unknown>;
}

export interface WorldOptions {
  readonly policy?: string;
  /** `unix:/path` or `http://…`; the sample agent if left out. */
  readonly upstream?: string;
  readonly flags?: Readonly<Record<string, string>>;
  readonly terminal?: boolean;
  /** Whether a revocation list is configured; an empty one of the CA. */
  readonly crl?: boolean;
  /** A CA of its own, if left out. */
  readonly ca?: ThrowawayCa;
  /** The sidecar's clock. */
  readonly now?: () => number;
  /** Texts of more files, by name, that are there when it starts. */
  readonly files?: Readonly<Record<string, string>>;
}

export interface CallOptions {
  readonly as?: string | Credential | undefined;
  readonly method?: string;
  readonly path: string;
  /** Of another sidecar with the same files; its own if left out. */
  readonly port?: number;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: string | Buffer;
  readonly agent?: RequestOptions['agent'];
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  json(): Record<string, unknown>;
}

/** A running sidecar with its CA, its agent and its policy in a folder of its own; all gone when the test is over. */
export async function world(options: WorldOptions = {}): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'sidegate-e2e-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const ca = options.ca ?? throwawayCa({ trustDomain: TRUST_DOMAIN });
  const server = ca.issue({
    id: `spiffe://${TRUST_DOMAIN}/agent/invoices`,
    dns: ['localhost'],
    ip: ['127.0.0.1'],
  });
  const agent =
    options.upstream === undefined
      ? await startInvoicesAgent({ listen: `unix:${join(folder, 'agent.sock')}` })
      : undefined;
  if (agent !== undefined) onTestFinished(() => agent.close());
  mkdirSync(join(folder, 'certs'));
  const put = (name: string, text: string) => writeFileSync(join(folder, name), text);
  put('certs/ca.crt', ca.certPem);
  put('certs/server.crt', server.certPem);
  put('certs/server.key', server.keyPem);
  if (options.crl === true) put('certs/ca.crl', ca.crl().pem);
  put('policy.yaml', options.policy ?? POLICY);
  for (const [name, text] of Object.entries(options.files ?? {})) put(name, text);
  put('sidegate.yaml', configText(options.upstream ?? 'unix:agent.sock', options.crl === true));
  const { config } = loadConfig(join(folder, 'sidegate.yaml'), {
    flags: options.flags ?? {},
    trust: [],
    variables: {},
    folder,
  });
  const lines: string[] = [];
  const output = {
    write: (text: string) => void lines.push(text),
    terminal: options.terminal ?? false,
    colours: false,
  };
  const sidecar = await startSidecar({
    config,
    output,
    ...(options.now === undefined ? {} : { now: options.now }),
  });
  onTestFinished(async () => {
    sidecar.stopNow();
    await sidecar.drain();
  });
  return new RunningWorld({ folder, ca, sidecar, agent, log: () => lines.join('') });
}

function configText(upstream: string, crl: boolean): string {
  return `inbound: { listen: 127.0.0.1:0, upstream: '${upstream}' }
identity: { cert: certs/server.crt, key: certs/server.key }
trust:
  acme.test: { roots: certs/ca.crt${crl ? ', crl: certs/ca.crl' : ''} }
policy: policy.yaml
status: { listen: 127.0.0.1:0 }
admin: { listen: unix:sidegate.sock }
audit: { file: audit.jsonl }
`;
}

class RunningWorld implements World {
  readonly folder: string;
  readonly ca: ThrowawayCa;
  readonly sidecar: Sidecar;
  readonly agent: InvoicesAgent | undefined;
  readonly port: number;
  readonly origin: string;
  readonly log: () => string;
  readonly #credentials = new Map<string, Credential>();

  constructor(parts: Pick<World, 'folder' | 'ca' | 'sidecar' | 'agent' | 'log'>) {
    this.folder = parts.folder;
    this.ca = parts.ca;
    this.sidecar = parts.sidecar;
    this.agent = parts.agent;
    this.log = parts.log;
    const { address } = parts.sidecar;
    if (address.kind !== 'tcp') throw new TypeError('the harness listens on TCP');
    this.port = address.port;
    this.origin = `https://127.0.0.1:${address.port}`;
  }

  as(name: string): Credential {
    const known = this.#credentials.get(name);
    if (known !== undefined) return known;
    const made = this.issue({ id: `spiffe://${TRUST_DOMAIN}/agent/${name}` });
    this.#credentials.set(name, made);
    return made;
  }

  issue(options: IssueOptions): Credential {
    return this.ca.issue(options);
  }

  open(options: CallOptions): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const request = httpsRequest({
        ...this.#tls(options.as),
        port: options.port ?? this.port,
        method: options.method ?? 'GET',
        path: options.path,
        headers: { ...options.headers },
        agent: options.agent ?? false,
      });
      request.once('response', resolve).once('error', reject);
      request.end(options.body);
    });
  }

  async call(options: CallOptions): Promise<Answer> {
    const response = await this.open(options);
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    return {
      status: response.statusCode ?? 0,
      headers: response.headers,
      text,
      json: () => JSON.parse(text) as Record<string, unknown>,
    };
  }

  raw(credential: Credential = this.as('billing')): Promise<TLSSocket> {
    return new Promise((resolve, reject) => {
      const socket = tlsConnect(this.#tls(credential), () => resolve(socket));
      socket.once('error', reject);
      onTestFinished(() => void socket.destroy());
    });
  }

  async audit(): Promise<Record<string, unknown>[]> {
    await this.sidecar.flush();
    return readFileSync(join(this.folder, 'audit.jsonl'), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  async ended(n: number): Promise<Record<string, unknown>[]> {
    return until(async () => {
      const ends = ['call', 'refused-connection'];
      const lines = (await this.audit()).filter(({ event }) => ends.includes(String(event)));
      return lines.length >= n ? lines : undefined;
    });
  }

  write(file: string, text: string): void {
    writeFileSync(join(this.folder, file), text);
  }

  async metrics(): Promise<string> {
    const { status } = this.sidecar;
    if (status?.kind !== 'tcp') throw new TypeError('the harness has a status server');
    return (await fetch(`http://127.0.0.1:${status.port}/metrics`)).text();
  }

  async why(id: string): Promise<unknown> {
    const { adminCall } = await import('../../src/status/index.ts');
    return adminCall(join(this.folder, 'sidegate.sock'), 'GET', `/why?id=${id}`);
  }

  #tls(as: string | Credential | undefined) {
    const credential = typeof as === 'string' ? this.as(as) : as;
    return {
      host: '127.0.0.1',
      port: this.port,
      ca: this.ca.certPem,
      cert: credential?.chainPem,
      key: credential?.keyPem,
      ALPNProtocols: ['http/1.1'],
    };
  }
}

/** Asks until there is an answer, less often the longer it takes; the test's own time limit is the only one. */
export async function until<T>(ask: () => Promise<T | undefined> | T | undefined): Promise<T> {
  for (let wait = 20; ; wait = Math.min(wait * 1.1, 100)) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
}
