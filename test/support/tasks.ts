import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { adminCall } from '../../src/status/index.ts';
import type { Answer } from './harness.ts';
import { outboundWorld, type OutboundWorld } from './outbound.ts';
import { answerJson, type Answering } from './peers.ts';
import { claimsOf, stsWorld, type StsWorld } from './sts-world.ts';
import type { Claims } from './issuer.ts';
import { AUDIENCE, ISSUER, idOf, tokenPolicy } from './tokens.ts';

/** `/work` may start tasks, `/brief` may not; neither needs a token. */
const ROUTES = `  GET /work: { scopes: [], token: optional, onBehalfOf: allowed, withoutToken: [], tasks: 30m }
  GET /brief: { scopes: [], token: optional, onBehalfOf: allowed, withoutToken: [] }
  GET /plain: []
  GET /socket: { scopes: [], token: required, onBehalfOf: required, upgrade: websocket, tasks: 30m }
  GET /shadowed: { scopes: [invoices:write], token: optional, onBehalfOf: allowed, withoutToken: [], tasks: 30m, mode: shadow, until: 2999-01-01 }`;

const AGENTS = `  billing: [invoices:read, invoices:write]
  planner: [invoices:read]
  portal: [invoices:read]`;

export const TASK_PEERS = `  billing: { at: 'https://127.0.0.1:{billing}', authority: delegated, scopes: [invoices:read, invoices:write] }
  ledger: { at: 'https://127.0.0.1:{ledger}', authority: own, scopes: [invoices:read], evenOnBehalf: true }
  open: { at: 'https://127.0.0.1:{ledger}', id: '${idOf('ledger')}' }`;

const WITHOUT_TOKENS = `  open: { at: 'https://127.0.0.1:{ledger}', id: '${idOf('ledger')}' }`;

const STS_AGENTS = `  planner: { scopes: [invoices:read], peers: [invoices] }
  portal: [invoices:read]
  invoices: { scopes: [invoices:read, invoices:write], peers: [billing, ledger] }
  thief: { scopes: [invoices:read], peers: [billing] }
  billing: [invoices:read]
  ledger: [invoices:read]`;

export type AgentAnswer = (request: IncomingMessage, response: ServerResponse) => void;

export interface TaskWorld extends OutboundWorld {
  /** The token service, where it is the real one. */
  readonly service: StsWorld | undefined;
  /** Where the agent is. */
  readonly upstream: string;
  /** The operator's kill switch. */
  kill(agent: string): Promise<unknown>;
  /** What the agent answers from now on; at first it says that the work goes on, as the query calls it. */
  says(answer: AgentAnswer): void;
  /** Calls the agent for alice. */
  work(task?: string, options?: { claims?: Claims; path?: string; as?: string }): Promise<Answer>;
  /** Starts a task, and gives its handle. */
  start(task?: string, claims?: Claims): Promise<string>;
  /** The handle of the call that the agent got last. */
  lastHandle(): string;
  /** The agent ends its task. */
  finish(handle: string): Promise<Answer>;
  /** Puts other agents, routes or peers in force. */
  put(parts: PolicyParts): void;
  /** Puts another policy in force at the token service. */
  putThere(agents: string): void;
  callers(): IncomingMessage['headers'][];
}

export interface PolicyParts {
  readonly agents?: string;
  readonly routes?: string;
  readonly peers?: string;
  readonly issuers?: string;
}

export interface TaskOptions {
  /** Whether the token service is a real one; else it is a server of the test. */
  readonly real?: boolean;
  readonly flags?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
  readonly now?: () => number;
  readonly peers?: string;
  readonly terminal?: boolean;
  /** False: the sidecar's configuration names nobody who gives tokens. */
  readonly sts?: boolean;
  /** Of an agent of the test's own. */
  readonly upstream?: string;
}

export async function taskWorld(options: TaskOptions = {}): Promise<TaskWorld> {
  const { real = true, flags = {}, ...rest } = options;
  const { peers = options.sts === false ? WITHOUT_TOKENS : TASK_PEERS } = options;
  const service = real
    ? await stsWorld({ policy: stsPolicy(STS_AGENTS, false), now: rest.now ?? Date.now })
    : undefined;
  const agent = await startTaskAgent();
  const there =
    service === undefined ? {} : { 'token-service.url': `https://127.0.0.1:${service.port}/token` };
  const made = await outboundWorld({
    ...rest,
    ...(service === undefined ? {} : { ca: service.ca }),
    ...{ peers, upstream: options.upstream ?? agent.upstream },
    flags: { ...(options.sts === false ? {} : there), ...flags },
  });
  made.sts.answer(grantAnything);
  const ports = { billing: made.billing.port, ledger: made.ledger.port };
  const w = Object.assign(made, {
    service,
    upstream: options.upstream ?? agent.upstream,
    kill: (agent: string) =>
      adminCall(join(made.folder, 'sidegate.sock'), 'POST', `/kill?agent=${agent}&by=test`),
    says: agent.says,
    callers: () => agent.called,
    lastHandle: () => String(agent.called.at(-1)?.['x-sidegate-context']),
    put: (parts: PolicyParts) => {
      const text = tokenPolicy(parts.routes ?? ROUTES, parts.agents ?? AGENTS);
      const placed = (parts.peers ?? peers).replace(/\{(billing|ledger)\}/g, (_, name: string) =>
        String(ports[name as 'billing' | 'ledger']),
      );
      const ours = text.replace(`audiences: ['${AUDIENCE}'], `, '');
      made.write('policy.yaml', `${ours}peers:\n${placed}\n`);
      const faults = made.sidecar.reload().filter(({ ok }) => !ok);
      if (faults.length > 0) throw new Error(JSON.stringify(faults));
    },
    putThere: (agents: string) => {
      service?.write('policy.yaml', stsPolicy(agents, true));
      const faults = service?.server.reload().filter(({ ok }) => !ok) ?? [];
      if (faults.length > 0) throw new Error(JSON.stringify(faults));
    },
    work: async (task = 'run-7', { claims = {}, path = '/work', as = 'planner' } = {}) => {
      const headers = await made.bearer(as, { aud: idOf('invoices'), ...claims });
      return made.call({ as, path: `${path}?${task}`, headers });
    },
    start: async (task = 'run-7', claims: Claims = {}) => {
      const { status, text } = await w.work(task, { claims });
      if (status !== 200) throw new Error(`no task: ${status} ${text}`);
      return w.lastHandle();
    },
    finish: (handle: string) =>
      made.out({
        method: 'DELETE',
        path: '/task',
        handle,
        headers: { host: 'sidegate.internal' },
      }),
  });
  service?.write('keys.json', readFileSync(join(made.folder, 'sts-jwks.json'), 'utf8'));
  w.putThere(STS_AGENTS);
  w.put({});
  return w;
}

/** What the token that a peer was sent says. */
export function saidTo({ billing }: TaskWorld): Record<string, unknown> {
  const authorization = billing.seen.at(-1)?.headers.authorization;
  return claimsOf(authorization?.replace('Bearer ', '') ?? '');
}

export { STS_AGENTS, AGENTS as TASK_AGENTS, ROUTES as TASK_ROUTES };

function stsPolicy(agents: string, issuers: boolean): string {
  const [head = ''] = tokenPolicy('  GET /: []').split('issuers:');
  const idp = `issuers:\n  idp: { issuer: '${ISSUER}', keys: { file: keys.json } }\n`;
  return `${head}${issuers ? idp : ''}agents:\n${agents}\nroutes:\n  GET /: []\n`;
}

let granted = 0;

/** A token service that grants whatever it is asked for, and says in the token what was exchanged. */
export const grantAnything: Answering = ({ method, path, body }, response) => {
  const form = new URLSearchParams(body);
  granted += 1;
  if (method === 'DELETE') return void response.writeHead(204).end();
  const scope = form.get('scope');
  if (path === '/grants')
    return answerJson(response, 201, { grant: `task-${granted}`, expires_in: 1800, scope });
  const said = { n: granted, subject: form.get('subject_token'), audience: form.get('audience') };
  answerJson(response, 200, {
    access_token: Buffer.from(JSON.stringify(said)).toString('base64url'),
    ...{ token_type: 'bearer', expires_in: 300, scope },
    issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
  });
};

async function startTaskAgent() {
  const called: IncomingMessage['headers'][] = [];
  let answer: AgentAnswer = ({ url = '' }, response) => {
    const [, task = ''] = url.split('?');
    response.setHeader('x-sidegate-task', task).end('accepted');
  };
  const server = createServer((incoming, response) => {
    called.push(incoming.headers);
    answer(incoming, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const says = (next: AgentAnswer): void => void (answer = next);
  return { upstream: `http://127.0.0.1:${port}`, called, says };
}
