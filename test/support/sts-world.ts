import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { startTokenServer, type TokenServer } from '../../src/app/index.ts';
import { loadStsConfig } from '../../src/config/index.ts';
import {
  addSigningKey,
  generateSigningKey,
  publicJwks,
  signAccessToken,
  type SigningKey,
} from '../../src/token/index.ts';
import { throwawayCa, type Credential, type IssueOptions, type ThrowawayCa } from './pki.ts';

export const STS = 'https://sts.acme.test:8444';
export const KEYCLOAK = 'https://keycloak.test';
export const ENTRA = 'https://entra.test';
export const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
export const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';

/** Alice's token is carried by portal; the way goes on over planner, billing and ledger. */
export const TOKEN_POLICY = `version: 1
trustDomain: acme.test
issuers:
  keycloak: { issuer: '${KEYCLOAK}', keys: { file: keycloak.jwks.json } }
  entra: { issuer: '${ENTRA}', keys: { file: entra.jwks.json }, clientClaim: azp }
agents:
  portal: { scopes: [invoices:read, invoices:write], clients: { keycloak: [portal-client], entra: [portal-app] }, peers: [planner] }
  planner: { scopes: [invoices:read, 'reports:*'], peers: [billing, retired] }
  billing: { scopes: [invoices:read, invoices:write, refunds:write], peers: [ledger, planner] }
  ledger: { scopes: [invoices:read], peers: [archive] }
  archive: { scopes: [invoices:read], peers: [vault] }
  vault: [invoices:read]
  thief: { scopes: [invoices:read], peers: [billing] }
  retired: { scopes: [invoices:read], disabled: true, peers: [billing] }
routes:
  GET /invoices: [invoices:read]
`;

/** The SPIFFE ID of an agent of the policy. */
export function idOf(name: string): string {
  return `spiffe://acme.test/agent/${name}`;
}

export interface OAuthAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface AskOptions {
  readonly as: string | Credential | undefined;
  readonly method?: string;
  readonly path?: string;
  readonly form?: Readonly<Record<string, string>> | string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly agent?: RequestOptions['agent'];
}

export interface StsWorld {
  readonly folder: string;
  readonly ca: ThrowawayCa;
  readonly server: TokenServer;
  readonly port: number;
  readonly log: () => string;
  as(name: string): Credential;
  issue(options: IssueOptions): Credential;
  ask(options: AskOptions): Promise<OAuthAnswer>;
  /** client_credentials as that agent. */
  own(name: string, form: Readonly<Record<string, string>>): Promise<OAuthAnswer>;
  /** An exchange as that agent. */
  exchange(
    name: string,
    token: string,
    form: Readonly<Record<string, string>>,
  ): Promise<OAuthAnswer>;
  /** A token of a foreign issuer. */
  foreign(issuer: 'keycloak' | 'entra', claims: Readonly<Record<string, unknown>>): Promise<string>;
  audit(): Promise<Record<string, unknown>[]>;
  metrics(): Promise<string>;
  write(file: string, text: string): void;
  /** Ends this service and starts one with the same files. */
  again(): Promise<StsWorld>;
}

export interface StsWorldOptions {
  readonly policy?: string;
  readonly crl?: boolean;
  /** Whose certificates are trusted; one of its own if left out. */
  readonly ca?: ThrowawayCa;
  /** The port, and then also the issuer: `https://localhost:PORT`. */
  readonly listen?: number;
  readonly now?: () => number;
  readonly terminal?: boolean;
}

/** A running token service with its CA, keys, policy and two foreign issuers; all gone when the test is over. */
export async function stsWorld(options: StsWorldOptions = {}): Promise<StsWorld> {
  const folder = mkdtempSync(join(tmpdir(), 'sidegate-sts-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const ca = options.ca ?? throwawayCa({ trustDomain: 'acme.test' });
  const server = ca.issue({
    id: 'spiffe://acme.test/sts',
    dns: ['localhost', 'sts.acme.test'],
    ip: ['127.0.0.1'],
  });
  const put = (name: string, text: string) => writeFileSync(join(folder, name), text);
  mkdirSync(join(folder, 'certs'));
  put('certs/ca.crt', ca.certPem);
  put('certs/sts.crt', server.chainPem);
  put('certs/sts.key', server.keyPem);
  if (options.crl === true) put('certs/ca.crl', ca.crl().pem);
  addSigningKey(join(folder, 'certs/sts.keys.json'), await generateSigningKey());
  const issuers = { keycloak: await generateSigningKey(), entra: await generateSigningKey() };
  for (const [name, key] of Object.entries(issuers))
    put(`${name}.jwks.json`, JSON.stringify(publicJwks([key])));
  put('policy.yaml', options.policy ?? TOKEN_POLICY);
  put(
    'sts.yaml',
    `sts:
  listen: 127.0.0.1:${options.listen ?? 0}
  issuer: ${options.listen === undefined ? STS : `https://localhost:${options.listen}`}
  keys: certs/sts.keys.json
  tasks: { file: tasks.json, longest: 1h }
identity: { cert: certs/sts.crt, key: certs/sts.key }
trust:
  acme.test: { roots: certs/ca.crt${options.crl === true ? ', crl: certs/ca.crl' : ''} }
policy: policy.yaml
status: { listen: 127.0.0.1:0 }
admin: { listen: unix:sts.sock }
audit: { file: audit.jsonl }
`,
  );
  return start({
    folder,
    ca,
    issuers,
    credentials: new Map(),
    now: options.now ?? Date.now,
    terminal: options.terminal ?? false,
  });
}

interface Made {
  readonly folder: string;
  readonly ca: ThrowawayCa;
  readonly issuers: Readonly<Record<'keycloak' | 'entra', SigningKey>>;
  readonly credentials: Map<string, Credential>;
  readonly now: () => number;
  readonly terminal: boolean;
}

async function start(made: Made): Promise<StsWorld> {
  const lines: string[] = [];
  const output = {
    write: (text: string) => void lines.push(text),
    terminal: made.terminal,
    colours: false,
  };
  const file = join(made.folder, 'sts.yaml');
  const server = await startTokenServer({
    config: loadStsConfig(file),
    output,
    now: made.now,
    file,
  });
  onTestFinished(() => server.drain());
  return new RunningStsWorld(made, server, () => lines.join(''));
}

class RunningStsWorld implements StsWorld {
  readonly #made: Made;
  readonly folder: string;
  readonly ca: ThrowawayCa;
  readonly server: TokenServer;
  readonly port: number;
  readonly log: () => string;

  constructor(made: Made, server: TokenServer, log: () => string) {
    this.#made = made;
    this.folder = made.folder;
    this.ca = made.ca;
    this.server = server;
    this.log = log;
    if (server.address.kind !== 'tcp') throw new TypeError('it listens on TCP');
    this.port = server.address.port;
  }

  as(name: string): Credential {
    const { credentials } = this.#made;
    const known = credentials.get(name) ?? this.issue({ id: idOf(name) });
    credentials.set(name, known);
    return known;
  }

  issue(options: IssueOptions): Credential {
    return this.ca.issue(options);
  }

  async ask({
    as,
    method = 'POST',
    path = '/token',
    form,
    headers,
    agent,
  }: AskOptions): Promise<OAuthAnswer> {
    const credential = typeof as === 'string' ? this.as(as) : as;
    const body = typeof form === 'object' ? new URLSearchParams(form).toString() : form;
    const type = body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' };
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const request = httpsRequest({
        ...{
          host: '127.0.0.1',
          servername: 'localhost',
          port: this.port,
          ca: this.ca.certPem,
          agent: agent ?? false,
        },
        ...{ cert: credential?.chainPem, key: credential?.keyPem, method, path },
        headers: { ...type, ...headers },
      });
      request.once('response', resolve).once('error', reject);
      request.end(body);
    });
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const parsed: unknown = text.startsWith('{') ? JSON.parse(text) : {};
    const { statusCode: status = 0, headers: fields } = response;
    return { status, headers: fields, text, body: parsed as Record<string, unknown> };
  }

  own(name: string, form: Readonly<Record<string, string>>): Promise<OAuthAnswer> {
    const grant = { grant_type: 'client_credentials', client_id: idOf(name) };
    return this.ask({ as: name, form: { ...grant, ...form } });
  }

  exchange(
    name: string,
    token: string,
    form: Readonly<Record<string, string>>,
  ): Promise<OAuthAnswer> {
    const grant = { grant_type: EXCHANGE, client_id: idOf(name) };
    const subject = { subject_token: token, subject_token_type: ACCESS_TOKEN };
    return this.ask({ as: name, form: { ...grant, ...subject, ...form } });
  }

  foreign(
    issuer: 'keycloak' | 'entra',
    claims: Readonly<Record<string, unknown>>,
  ): Promise<string> {
    const iat = Math.floor(this.#made.now() / 1000);
    const [iss, client] =
      issuer === 'keycloak' ? [KEYCLOAK, 'portal-client'] : [ENTRA, 'portal-app'];
    const key = this.#made.issuers[issuer];
    const base = { iss, sub: 'alice', client_id: client, azp: client, aud: idOf('planner') };
    const times = { iat, exp: iat + 3600, jti: `jti-${String(Math.random())}` };
    return signAccessToken({ ...base, ...times, scope: 'invoices:read', ...claims }, key);
  }

  async audit(): Promise<Record<string, unknown>[]> {
    await this.server.flush();
    return readFileSync(join(this.folder, 'audit.jsonl'), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter(({ event }) => event === 'token');
  }

  async metrics(): Promise<string> {
    const { status } = this.server;
    if (status?.kind !== 'tcp') throw new TypeError('it has a status server');
    return (await fetch(`http://127.0.0.1:${status.port}/metrics`)).text();
  }

  write(file: string, text: string): void {
    writeFileSync(join(this.folder, file), text);
  }

  async again(): Promise<StsWorld> {
    await this.server.drain();
    return start(this.#made);
  }
}

/** The access token of an answer. */
export function tokenOf({ status, text, body }: OAuthAnswer): string {
  if (status !== 200 || typeof body.access_token !== 'string') throw new Error(`no token: ${text}`);
  return body.access_token;
}

/** What a token says. */
export function claimsOf(token: string): Record<string, unknown> {
  const [, payload = ''] = token.split('.');
  return JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
}

export function headerOf(token: string): Record<string, unknown> {
  const [header = ''] = token.split('.');
  return JSON.parse(Buffer.from(header, 'base64url').toString()) as Record<string, unknown>;
}

/** `cnf.x5t#S256` of whoever holds this. */
export function thumbprintOf({ der }: Credential): string {
  return createHash('sha256').update(der).digest('base64url');
}
