import { createServer, request, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { IssuerEntry } from '../../src/call/index.ts';
import {
  generateSigningKey,
  publicJwks,
  signAccessToken,
  type AccessTokenClaims,
  type FetchKeys,
  type SigningKey,
} from '../../src/token/index.ts';
import { throwawayCa, type ThrowawayCa } from './pki.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** Claims to change; one that is given as undefined is left out. */
export type Claims = Partial<Record<string, unknown>>;

/** An issuer of tokens with a real https server for its keys, which can be made to misbehave. */
export interface TestIssuer {
  readonly issuer: string;
  readonly keysUrl: string;
  readonly ca: ThrowawayCa;
  /** How often its keys were asked for. */
  readonly asked: number;
  /** Signs what comes next. */
  readonly key: SigningKey;
  /** A new key signs from now on; what is published is another matter. */
  rotate(): Promise<SigningKey>;
  publish(...keys: readonly SigningKey[]): void;
  /** Answers the next requests like this, until `publish`. */
  misbehave(handler: Handler): void;
  /** An entry of a policy, as it is by default. */
  entry(changes?: Partial<IssuerEntry>): IssuerEntry;
  /** A perfect token of alice for client `portal`, bound to nothing and good for five minutes from `now`. */
  sign(claims?: Claims, now?: number): Promise<string>;
  /** Fetches keys over https, trusting this issuer's CA alone. */
  readonly fetchKeys: FetchKeys;
  close(): Promise<void>;
}

export interface TestIssuerOptions {
  readonly issuer?: string;
  readonly audience?: string;
  /** What its server shows beside the names of this machine. */
  readonly id?: string;
  readonly ca?: ThrowawayCa;
}

export const AUDIENCE = 'https://invoices.acme.test';

export async function startIssuer(options: TestIssuerOptions = {}): Promise<TestIssuer> {
  const { issuer = 'https://sts.acme.test', audience = AUDIENCE } = options;
  const ca = options.ca ?? throwawayCa({ trustDomain: 'acme.test', nameConstraints: undefined });
  const served = { asked: 0, handler: (() => undefined) as Handler };
  const server = await serveWith(ca, options.id, (incoming, response) => {
    served.asked += 1;
    served.handler(incoming, response);
  });
  const { port } = server.address() as AddressInfo;
  const keysUrl = `https://127.0.0.1:${port}/jwks`;
  let key = await generateSigningKey();
  const publish = (...keys: readonly SigningKey[]) => (served.handler = answering(keys));
  publish(key);
  return {
    issuer,
    keysUrl,
    ca,
    publish,
    fetchKeys: keysOver(ca),
    get asked() {
      return served.asked;
    },
    get key() {
      return key;
    },
    rotate: async () => (key = await generateSigningKey()),
    misbehave: (handler) => (served.handler = handler),
    entry: (changes) => entryOf(issuer, keysUrl, audience, changes),
    sign: (claims, now) => signAccessToken(claimsOf(issuer, audience, claims, now), key),
    close: () => closed(server),
  };
}

function entryOf(
  issuer: string,
  url: string,
  audience: string,
  changes: Partial<IssuerEntry> = {},
): IssuerEntry {
  return {
    name: 'sts',
    issuer,
    keys: { kind: 'url', url, spiffeId: undefined },
    audiences: [audience],
    algorithms: ['ES256'],
    binding: 'required',
    scopeClaim: 'scope',
    clientClaim: 'client_id',
    acceptUntypedTokens: false,
    narrows: false,
    development: false,
    at: { file: 'policy.yaml', line: 1, column: 1, text: '' },
    ...changes,
  };
}

/** The claims of a perfect token, which a test spoils one at a time. */
export function claimsOf(
  iss: string,
  aud: string,
  changes: Claims = {},
  now = Date.now(),
): AccessTokenClaims {
  const iat = Math.floor(now / 1000);
  const claims = {
    iss,
    sub: 'alice',
    aud,
    client_id: 'portal',
    scope: 'invoices:read',
    iat,
    exp: iat + 300,
    jti: crypto.randomUUID(),
    ...changes,
  };
  const kept = (Object.entries(claims) as [string, unknown][]).filter(
    ([, value]) => value !== undefined,
  );
  return Object.fromEntries(kept) as unknown as AccessTokenClaims;
}

function answering(keys: readonly SigningKey[]): Handler {
  const body = JSON.stringify(publicJwks(keys));
  return (_, response) => {
    response.writeHead(200, { 'content-type': 'application/jwk-set+json' }).end(body);
  };
}

async function serveWith(
  ca: ThrowawayCa,
  id: string | undefined,
  handler: Handler,
): Promise<Server> {
  const { chainPem, keyPem } = ca.issue({
    ...(id === undefined ? {} : { id }),
    ip: ['127.0.0.1'],
    dns: ['localhost'],
  });
  const server = createServer({ cert: chainPem, key: keyPem }, handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

async function closed(server: Server): Promise<void> {
  if (!server.listening) return;
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

/** A fetcher that keeps to its caps: whoever is slow, endless or redirects gets no further than with the real one. */
export function keysOver(ca: ThrowawayCa): FetchKeys {
  return ({ url, maxBytes, signal }) =>
    new Promise((resolve, reject) => {
      const outgoing = request(url, { ca: ca.certPem, signal, agent: false }, (incoming) => {
        const chunks: Buffer[] = [];
        let length = 0;
        incoming.on('error', reject);
        incoming.on('data', (chunk: Buffer) => {
          chunks.push(chunk);
          length += chunk.length;
          if (length > maxBytes) outgoing.destroy(new Error('the answer is too large'));
        });
        incoming.on('end', () => {
          const contentType = incoming.headers['content-type'];
          resolve({ status: incoming.statusCode ?? 0, contentType, bytes: Buffer.concat(chunks) });
        });
      });
      outgoing.on('error', reject).end();
    });
}
