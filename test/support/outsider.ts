import { generateKeyPairSync } from 'node:crypto';
import { createServer, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { TLSSocket, getCACertificates, setDefaultCACertificates } from 'node:tls';
import { Provider, errors, type OAuthContext } from 'oidc-provider';
import * as openid from 'openid-client';
import { Agent, fetch as undiciFetch } from 'undici';
import { onTestFinished } from 'vitest';
import type { World } from './harness.ts';
import { throwawayCa, type Credential, type ThrowawayCa } from './pki.ts';
import { idOf } from './tokens.ts';

export const RESOURCE = 'https://invoices.acme.test';
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
const SCOPE = 'invoices:read';
const LIFE = 300;
/** What it calls planner. */
const CLIENT = 'planner-app';

export type Alg = 'RS256' | 'ES256';
type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** An authorization server of somebody else's: its own names for clients, its own CA of the web, and none of our code. */
export interface Outsider {
  readonly issuer: string;
  /** Who vouches for its server. */
  readonly web: ThrowawayCa;
  /** How often its keys were asked for. */
  readonly asked: number;
  /** An entry of a policy. */
  entry(): string;
  /** From now on it signs with another key, and publishes that alone. */
  rotate(): void;
  /** Answers whoever asks for its keys like this; undefined: as it should. */
  misbehave(handler: Handler | undefined): void;
  /** A token of planner's own, by client credentials. */
  own(planner: Credential): Promise<string>;
  /** A token of alice for planner, who exchanges what she was given when she logged in. */
  onBehalf(planner: Credential): Promise<string>;
  /** Ends it and everything that is open. */
  stop(): void;
}

/** @param clients the CA of whoever asks for tokens */
export async function startOutsider(clients: ThrowawayCa, alg: Alg): Promise<Outsider> {
  const web = throwawayCa({ trustDomain: 'web.test', nameConstraints: undefined });
  const shown = web.issue({ altNames: [{ type: 'dns', value: 'localhost' }] });
  const asked = { requestCert: true, rejectUnauthorized: false, ca: clients.certPem };
  const server = createServer({ cert: shown.chainPem, key: shown.keyPem, ...asked });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const outsider = new RunningOutsider(server, { web, alg });
  onTestFinished(() => outsider.stop());
  return outsider;
}

/** Makes this process trust a CA of the web until the test is over, as NODE_EXTRA_CA_CERTS does from its start on. */
export function trustWeb({ certPem }: ThrowawayCa): void {
  const before = getCACertificates('default');
  setDefaultCACertificates([...before, certPem]);
  onTestFinished(() => setDefaultCACertificates(before));
}

/** A policy that believes it, and nobody else's name for planner. */
export function outsiderPolicy(outsider: Outsider): string {
  return `version: 1
trustDomain: acme.test
issuers:
${outsider.entry()}
agents:
  planner: { scopes: [${SCOPE}], clients: { outsider: [${CLIENT}] } }
  billing: [${SCOPE}]
routes:
  GET /own: { scopes: [${SCOPE}], token: required }
  GET /for-alice: { scopes: [${SCOPE}], token: required, onBehalfOf: required, subjects: { outsider: [alice] } }
  GET /: []
`;
}

export function callWith(w: World, path: string, token: string, as = 'planner', port?: number) {
  const headers = { authorization: `Bearer ${token}` };
  return w.call({ as, path, headers, ...(port === undefined ? {} : { port }) });
}

class RunningOutsider implements Outsider {
  readonly issuer: string;
  readonly web: ThrowawayCa;
  readonly #server: Server;
  readonly #alg: Alg;
  #provider: Provider;
  #keys: Handler | undefined;
  #generation = 0;
  asked = 0;

  constructor(server: Server, { web, alg }: { web: ThrowawayCa; alg: Alg }) {
    this.web = web;
    this.#server = server;
    this.#alg = alg;
    this.issuer = `https://localhost:${(server.address() as AddressInfo).port}`;
    this.#provider = this.#anew();
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      if (request.url === '/jwks') this.asked += 1;
      if (request.url === '/jwks' && this.#keys !== undefined) this.#keys(request, response);
      else void this.#provider.callback()(request, response);
    });
  }

  entry(): string {
    const keys = `{ url: '${this.issuer}/jwks' }`;
    return `  outsider: { issuer: '${this.issuer}', keys: ${keys}, audiences: ['${RESOURCE}'], algorithms: [${this.#alg}], clientClaim: azp }`;
  }

  rotate(): void {
    this.#provider = this.#anew();
  }

  misbehave(handler: Handler | undefined): void {
    this.#keys = handler;
  }

  async own(planner: Credential): Promise<string> {
    const config = await this.#client(planner);
    const wanted = { resource: RESOURCE, scope: SCOPE };
    return (await openid.clientCredentialsGrant(config, wanted)).access_token;
  }

  async onBehalf(planner: Credential): Promise<string> {
    const config = await this.#client(planner);
    const given = await openid.genericGrantRequest(config, EXCHANGE, {
      subject_token: await loggedIn(this.#provider, 'alice'),
      subject_token_type: ACCESS_TOKEN,
      resource: RESOURCE,
    });
    return given.access_token;
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #client({ chainPem: cert, keyPem: key }: Credential): Promise<openid.Configuration> {
    const dispatcher = new Agent({ connect: { cert, key, ca: this.web.certPem } });
    onTestFinished(() => dispatcher.close());
    const mutual = (url: string, options: object) =>
      undiciFetch(url, { ...options, dispatcher }) as unknown as Promise<Response>;
    const how = { [openid.customFetch]: mutual };
    return openid.discovery(new URL(this.issuer), CLIENT, undefined, openid.TlsClientAuth(), how);
  }

  #anew(): Provider {
    this.#generation += 1;
    return providerOf(this.issuer, this.#alg, `key-${this.#generation}`);
  }
}

function providerOf(issuer: string, alg: Alg, kid: string): Provider {
  const { privateKey } =
    alg === 'RS256'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const target = {
    audience: RESOURCE,
    scope: SCOPE,
    accessTokenFormat: 'jwt',
    jwt: { sign: { alg, kid } },
  } as const;
  const provider = new Provider(issuer, {
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), alg, kid, use: 'sig' }] },
    clients: [
      {
        client_id: CLIENT,
        token_endpoint_auth_method: 'tls_client_auth',
        tls_client_auth_san_uri: idOf('planner'),
        tls_client_certificate_bound_access_tokens: true,
        grant_types: ['client_credentials', EXCHANGE],
        ...{ response_types: [], redirect_uris: [], id_token_signed_response_alg: alg },
      },
    ],
    clientAuthMethods: ['tls_client_auth'],
    scopes: [SCOPE],
    extraTokenClaims: (_: unknown, { clientId }: { clientId?: string }) => ({ azp: clientId }),
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        ...{ enabled: true, getResourceServerInfo: () => target },
        ...{ defaultResource: () => RESOURCE, useGrantedResource: () => true },
      },
      mTLS: {
        ...{ enabled: true, certificateBoundAccessTokens: true, tlsClientAuth: true },
        getCertificate: ({ req }: OAuthContext) => certificateOf(req),
        certificateAuthorized: ({ req }: OAuthContext) => socketOf(req).authorized,
        certificateSubjectMatches: ({ req }: OAuthContext, _: string, expected: string) =>
          certificateOf(req)?.subjectAltName === `URI:${expected}`,
      },
    },
  });
  provider.silent = true;
  registerExchange(provider, target);
  return provider;
}

type Target = ConstructorParameters<Provider['ResourceServer']>[1];

/** What was given to somebody who logged in, for a token of theirs that the client may carry elsewhere. */
function registerExchange(provider: Provider, target: Target): void {
  const grant = async (context: OAuthContext): Promise<void> => {
    const { client, params } = context.oidc;
    const { AccessToken } = provider as unknown as { AccessToken: Findable };
    const subject = await AccessToken.find(params.subject_token ?? '');
    if (subject === undefined)
      throw new errors.CustomOIDCProviderError('invalid_grant', 'no such subject');
    const token = new provider.AccessToken({
      ...{ client, accountId: subject.accountId, scope: SCOPE, expiresIn: LIFE },
      resourceServer: new provider.ResourceServer(RESOURCE, target),
    });
    const certificate = certificateOf(context.req);
    if (certificate !== undefined) token.setThumbprint('x5t', certificate);
    const access_token = await token.save();
    const type = { token_type: 'Bearer', issued_token_type: ACCESS_TOKEN };
    context.body = { access_token, ...type, expires_in: LIFE, scope: SCOPE };
  };
  const read = ['subject_token', 'subject_token_type', 'resource'];
  provider.registerGrantType(EXCHANGE, grant, read);
}

interface Findable {
  find(token: string): Promise<{ readonly accountId: string } | undefined>;
}

/** What a browser would have brought home. */
async function loggedIn(provider: Provider, accountId: string): Promise<string> {
  const { Client, AccessToken } = provider as unknown as {
    Client: { find(id: string): Promise<object> };
    AccessToken: new (fields: object) => { save(): Promise<string> };
  };
  const client = await Client.find(CLIENT);
  return new AccessToken({ client, accountId, scope: SCOPE, expiresIn: LIFE }).save();
}

function socketOf({ socket }: IncomingMessage): TLSSocket {
  if (!(socket instanceof TLSSocket)) throw new TypeError('it speaks TLS');
  return socket;
}

function certificateOf(request: IncomingMessage) {
  return socketOf(request).getPeerX509Certificate();
}
