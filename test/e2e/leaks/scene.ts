import { readFileSync, readdirSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { collector } from '../../support/collector.ts';
import type { Answer, CallOptions, WorldOptions } from '../../support/harness.ts';
import {
  PEERS,
  outboundWorld,
  type OutOptions,
  type OutboundWorld,
} from '../../support/outbound.ts';
import { answerJson, type Answering } from '../../support/peers.ts';
import { listenTo } from '../../support/scripted-agent.ts';
import { stsWorld, type OAuthAnswer, type StsWorld } from '../../support/sts-world.ts';
import { ISSUER, idOf, tokenPolicy } from '../../support/tokens.ts';
import { Secrets } from './secrets.ts';

export const PUBLIC_URL = 'https://invoices.acme.test';
/** Whom tokens for our sidecar are for. */
export const OWN = idOf('invoices');

const ROUTES = `  GET /needed: { scopes: [invoices:read], token: required, onBehalfOf: required }
  GET /echo: { scopes: [], token: optional, onBehalfOf: allowed, withoutToken: [] }
  GET /garbled: { scopes: [], token: optional, onBehalfOf: allowed, withoutToken: [] }
  GET /task: { scopes: [], token: optional, onBehalfOf: allowed, withoutToken: [], tasks: 10m }
  GET /plain: []
`;
const AGENTS = `  planner: { scopes: [invoices:read], peers: [invoices] }
  invoices: { scopes: [invoices:read, invoices:write], peers: [billing, ledger] }
  billing: [invoices:read]
  ledger: [invoices:read]
  thief: { scopes: [invoices:read], peers: [billing] }`;

/** A sidecar, its agent, its peers, the token service and a trace collector, and everything secret that they were sent. */
export interface Scene {
  readonly w: OutboundWorld;
  readonly sts: StsWorld;
  readonly secrets: Secrets;
  /** Calls, and keeps the answer. */
  call(options: CallOptions): Promise<Answer | undefined>;
  /** Sends these bytes as planner, and keeps what comes back. */
  raw(text: string): Promise<void>;
  /** Calls a peer as the agent, and keeps the answer. */
  out(options: OutOptions): Promise<void>;
  /** Keeps the answer if it is a refusal; else its token. */
  heard(answer: OAuthAnswer): void;
  /** The handle that the agent got last. */
  handle(): string;
  /** The text of the file in which the sidecar keeps what outlives its call. */
  keptTasks(): string;
  /** Whatever anybody could read, by where it is. */
  written(): Promise<readonly (readonly [where: string, text: string])[]>;
  /** The codes in all audits. */
  codes(): ReadonlySet<unknown>;
}

export async function scene(options: Pick<WorldOptions, 'terminal'>): Promise<Scene> {
  const secrets = new Secrets();
  const traces = await collector();
  const agent = await startAgent(secrets);
  const sts = await stsWorld({ policy: stsPolicy(''), ...options });
  const w = await outboundWorld({
    ...{ ca: sts.ca, upstream: agent.upstream, ...options },
    flags: {
      'token-service.url': `https://127.0.0.1:${sts.port}/token`,
      'tracing.endpoint': traces.endpoint,
      'tracing.sample': '1',
      'inbound.public-url': PUBLIC_URL,
      'outbound.tasks': 'kept-tasks.json',
    },
  });
  sts.write('idp.json', readFileSync(join(w.folder, 'sts-jwks.json'), 'utf8'));
  sts.write(
    'policy.yaml',
    stsPolicy(`issuers:\n  idp: { issuer: '${ISSUER}', keys: { file: idp.json } }\n`),
  );
  const policy = w.policyWith(PEERS).replace(/audiences: \[[^\]]*\], /, '');
  w.write('policy.yaml', policy.replace('routes:\n', `  thief: []\nroutes:\n${ROUTES}`));
  for (const { reload } of [w.sidecar, sts.server])
    if (reload().some(({ ok }) => !ok)) throw new Error('a policy does not load');
  return new RunningScene({ w, sts, secrets, traces, agent });
}

interface Parts {
  readonly w: OutboundWorld;
  readonly sts: StsWorld;
  readonly secrets: Secrets;
  readonly traces: Awaited<ReturnType<typeof collector>>;
  readonly agent: Awaited<ReturnType<typeof startAgent>>;
}

class RunningScene implements Scene {
  readonly w: OutboundWorld;
  readonly sts: StsWorld;
  readonly secrets: Secrets;
  readonly #parts: Parts;
  readonly #answers: string[] = [];

  constructor(parts: Parts) {
    this.w = parts.w;
    this.sts = parts.sts;
    this.secrets = parts.secrets;
    this.#parts = parts;
    for (const peer of [this.w.billing, this.w.ledger])
      peer.answer(this.witness((_, response) => answerJson(response, 200, { done: true })));
  }

  /** Keeps the token that a peer was sent before it answers. */
  witness(how: Answering): Answering {
    return (seen, response) => {
      const token = seen.headers.authorization?.replace('Bearer ', '');
      if (token !== undefined) this.secrets.token('of a peer', token);
      how(seen, response);
    };
  }

  async call(options: CallOptions): Promise<Answer | undefined> {
    try {
      return this.#keep(await this.w.call(options));
    } catch (error) {
      this.#answers.push(String(error));
      return undefined;
    }
  }

  async raw(text: string): Promise<void> {
    const socket = await this.w.raw(this.w.as('planner'));
    const heard = listenTo(socket);
    socket.write(text);
    while (heard.statuses().length === 0 && !heard.closed)
      await new Promise((resolve) => setTimeout(resolve, 10));
    socket.destroy();
    this.#answers.push(heard.text);
  }

  async out(options: OutOptions): Promise<void> {
    try {
      this.#keep(await this.w.out(options));
    } catch (error) {
      this.#answers.push(String(error));
    }
  }

  heard(answer: OAuthAnswer): void {
    const { access_token: token } = answer.body;
    if (typeof token === 'string') this.secrets.token('of the token service', token);
    else this.#answers.push(JSON.stringify(answer.headers) + answer.text);
  }

  handle(): string {
    return this.#parts.agent.handles.at(-1) ?? '';
  }

  keptTasks(): string {
    return readFileSync(join(this.w.folder, 'kept-tasks.json'), 'utf8');
  }

  async written() {
    const { w, sts, traces } = this.#parts;
    const ids = (await w.audit()).flatMap(({ id }) => (typeof id === 'string' ? [id] : []));
    await sts.audit();
    const reports = await Promise.all(ids.map((id) => w.why(id)));
    await traces.seen(ids.length / 2);
    return [
      ['the log of the sidecar', w.log()],
      ['the log of the token service', sts.log()],
      ...filesIn(w.folder),
      ...filesIn(sts.folder),
      ['the metrics of the sidecar', await w.metrics()],
      ['the metrics of the token service', await sts.metrics()],
      ['the reports of why', JSON.stringify(reports)],
      ['the traces', traces.raw()],
      ['the answers', this.#answers.join('\n')],
    ] as const;
  }

  codes(): ReadonlySet<unknown> {
    const texts = [this.w.folder, this.sts.folder].map((folder) =>
      readFileSync(join(folder, 'audit.jsonl'), 'utf8'),
    );
    return new Set([...texts.join('').matchAll(/"code":"(\w+)"/g)].map(([, code]) => code));
  }

  #keep(answer: Answer): Answer {
    this.#answers.push(JSON.stringify(answer.headers) + answer.text);
    return answer;
  }
}

/** An agent that keeps what it was given; on some paths it gives it away, whole or in what is no answer. */
async function startAgent(secrets: Secrets) {
  const handles: string[] = [];
  const server = createServer((incoming, response) => {
    const handle = String(incoming.headers['x-sidegate-context']);
    handles.push(secrets.handle('a handle', handle));
    reply(incoming, response, handle);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('it listens on TCP');
  return { upstream: `http://127.0.0.1:${address.port}`, handles };
}

function reply(incoming: IncomingMessage, response: ServerResponse, handle: string): void {
  const { pathname, search } = new URL(incoming.url ?? '', 'http://agent');
  if (pathname === '/garbled')
    response.socket?.end(`HTTP/1.1 200 OK\r\n${handle} is no field\r\n\r\n`);
  else if (pathname === '/task') response.setHeader('x-sidegate-task', search.slice(1)).end('ok');
  else if (pathname !== '/echo') response.end('ok');
  else if (search === '?body') response.end(`got ${handle}`);
  else response.writeHead(200, { 'x-debug': handle }).end();
}

function filesIn(folder: string): (readonly [string, string])[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map(({ name, parentPath }) => [name, readFileSync(join(parentPath, name), 'latin1')]);
}

function stsPolicy(issuers: string): string {
  const [head = ''] = tokenPolicy('').split('issuers:');
  return `${head}${issuers}agents:\n${AGENTS}\nroutes: {}\n`;
}
