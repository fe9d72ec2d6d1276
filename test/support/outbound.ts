import { createServer, request, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { TRUST_DOMAIN, until, type Answer, type World, type WorldOptions } from './harness.ts';
import { answerJson, startServer, type Answering, type Seen, type TestServer } from './peers.ts';
import { throwawayCa, type Credential, type ThrowawayCa } from './pki.ts';
import { idOf, tokenPolicy, tokenWorld, type TokenWorld } from './tokens.ts';

export interface OutOptions {
  /** By its name; else `headers.host` says it. */
  readonly peer?: string;
  readonly path?: string;
  readonly method?: string;
  readonly handle?: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: string;
}

/** A sidecar with a way out, its agent, two peers and a token service: all over real sockets, gone with the test. */
export interface OutboundWorld extends TokenWorld {
  readonly ca: ThrowawayCa;
  readonly billing: TestServer;
  readonly ledger: TestServer;
  readonly sts: TestServer;
  /** What the agent was called with. */
  readonly called: IncomingHttpHeaders[];
  /** Calls the agent, so that it gets a handle; gives that. With claims, by a token of alice. */
  handle(agent?: string, claims?: Readonly<Record<string, unknown>>): Promise<string>;
  /** Makes a call as the agent. */
  out(options: OutOptions): Promise<Answer>;
  /** Audit lines of finished calls to peers, once there are at least `n`. */
  sent(n: number): Promise<Record<string, unknown>[]>;
  policyWith(peers: string): string;
}

export interface OutboundOptions extends WorldOptions {
  /** Lines of the policy, indented by two blanks; `{billing}` and `{ledger}` are the ports. */
  readonly peers?: string;
  /** False for a configuration without a token service. */
  readonly sts?: boolean;
  readonly shows?: (ca: ThrowawayCa) => Credential;
}

export const PEERS = `  billing: { at: 'https://127.0.0.1:{billing}', authority: delegated, scopes: [invoices:read] }
  ledger: { at: 'https://127.0.0.1:{ledger}', authority: own, scopes: [invoices:read] }
  lent: { at: 'https://127.0.0.1:{ledger}', id: '${idOf('ledger')}', authority: own, scopes: [invoices:read], evenOnBehalf: true }
  open: { at: 'https://127.0.0.1:{ledger}', id: '${idOf('ledger')}' }`;

const ROUTES = `  GET /work: { scopes: [], token: optional, onBehalfOf: allowed, withoutToken: [] }
  GET /slow: { scopes: [], token: optional, onBehalfOf: allowed, withoutToken: [] }`;
export const STS = `spiffe://${TRUST_DOMAIN}/sts`;
const EXCHANGED = 'urn:ietf:params:oauth:token-type:access_token';

let issued = 0;

/** A token that names whom it is for, so that a test can see whose went where. */
export const giveToken: Answering = ({ body, thumbprint }, response) => {
  const form = new URLSearchParams(body);
  issued += 1;
  const subject = form.get('subject_token');
  const aud = form.get('audience') ?? form.get('resource');
  const says = {
    n: issued,
    sub: subject === null ? 'itself' : subjectOf(subject),
    aud,
    thumbprint,
  };
  answerJson(response, 200, {
    access_token: Buffer.from(JSON.stringify(says)).toString('base64url'),
    token_type: 'bearer',
    expires_in: 300,
    scope: form.get('scope'),
    ...(subject === null ? {} : { issued_token_type: EXCHANGED }),
  });
};

export interface GivenToken {
  readonly n: number;
  readonly sub: string;
  readonly aud: string;
  readonly thumbprint: string;
}

/** What the token says that a peer was sent; undefined if it was sent none. */
export function tokenIn(seen: Seen | undefined): GivenToken | undefined {
  const text = seen?.headers.authorization?.replace(/^Bearer /, '');
  if (text === undefined) return undefined;
  return JSON.parse(Buffer.from(text, 'base64url').toString()) as GivenToken;
}

function subjectOf(token: string): string {
  const [, payload = ''] = token.split('.');
  const { sub } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { sub: string };
  return sub;
}

/** Another port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export async function outboundWorld(options: OutboundOptions = {}): Promise<OutboundWorld> {
  const ca = options.ca ?? throwawayCa({ trustDomain: TRUST_DOMAIN });
  const ok: Answering = (_seen, response) => answerJson(response, 200, { done: true });
  const shown = options.shows?.(ca) ?? ca.issue({ id: idOf('billing') });
  const billing = await startServer(shown, ca.certPem, ok);
  const ledger = await startServer(ca.issue({ id: idOf('ledger') }), ca.certPem, ok);
  const sts = await startServer(ca.issue({ id: STS }), ca.certPem, giveToken);
  const ports = { billing: billing.port, ledger: ledger.port };
  const policyWith = (peers: string) => `${tokenPolicy(ROUTES)}peers:\n${filled(peers, ports)}\n`;
  const { upstream, called } = await startAgent();
  const named = {
    'token-service.url': `https://127.0.0.1:${sts.port}/token`,
    'token-service.id': STS,
  };
  const flags = {
    'outbound.listen': 'unix:out.sock',
    ...(options.sts === false ? {} : named),
    ...options.flags,
  };
  const policy = policyWith(options.peers ?? PEERS);
  const w = await tokenWorld({ policy, upstream, ...options, ca, flags });
  return Object.assign(w, {
    ...{ billing, ledger, sts, called, policyWith },
    handle: async (agent = 'planner', claims?: Readonly<Record<string, unknown>>) => {
      const headers = claims === undefined ? {} : await w.bearer(agent, claims);
      const { status } = await w.call({ as: agent, path: '/work', headers });
      const handle = called.at(-1)?.['x-sidegate-context'];
      if (status !== 200 || typeof handle !== 'string') throw new Error(`no handle: ${status}`);
      return handle;
    },
    out: (out: OutOptions) => callOut(w, out),
    sent: (n: number) =>
      until(async () => {
        const lines = (await w.audit()).filter(
          ({ event, direction }) => event === 'call' && direction === 'outbound',
        );
        return lines.length >= n ? lines : undefined;
      }),
  });
}

function filled(text: string, ports: Readonly<Record<string, number>>): string {
  return text.replace(/\{(billing|ledger)\}/g, (_, name: string) => String(ports[name]));
}

/** An agent that answers at once, but `/slow` never. */
async function startAgent() {
  const called: IncomingHttpHeaders[] = [];
  const server = createServer((incoming, response) => {
    called.push(incoming.headers);
    if (incoming.url !== '/slow') response.end('ok');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('it listens on TCP');
  return { upstream: `http://127.0.0.1:${address.port}`, called };
}

export function outOptions(
  w: Pick<World, 'sidecar'>,
  { peer, path, method, handle, headers }: OutOptions,
) {
  const { outbound } = w.sidecar;
  if (outbound === undefined) throw new TypeError('it has a way out');
  const place =
    outbound.kind === 'unix'
      ? { socketPath: join(outbound.path) }
      : { host: outbound.host, port: outbound.port };
  return {
    ...place,
    agent: false as const,
    path: path ?? '/',
    method: method ?? 'GET',
    headers: {
      ...(peer === undefined ? {} : { host: `${peer}.peer.internal` }),
      ...(handle === undefined ? {} : { 'x-sidegate-context': handle }),
      ...headers,
    },
  };
}

export function callOut(w: Pick<World, 'sidecar'>, options: OutOptions): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(outOptions(w, options), (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('error', reject);
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          text,
          json: () => JSON.parse(text) as Record<string, unknown>,
        });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(options.body);
  });
}
