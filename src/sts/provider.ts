import type { X509Certificate } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Provider, errors, type OAuthContext } from 'oidc-provider';
import type { Registry } from './client.ts';
import type { SigningKeys } from './keys.ts';
import { CLIENT_CREDENTIALS, PATHS, TOKEN_EXCHANGE } from './metadata.ts';

/** Seconds; each token says its own, which is never longer. */
const LONGEST = 300;
const OFF = { enabled: false };

/** What the provider asks of the request that it is working on. */
export interface ProviderParts {
  readonly issuer: string;
  readonly keys: SigningKeys;
  readonly registry: () => Registry;
  /** The certificate of the connection, and the SPIFFE ID that was read from it. */
  readonly certificateOf: (request: IncomingMessage) => X509Certificate | undefined;
  readonly spiffeIdOf: (request: IncomingMessage) => string;
  readonly isTrusted: (request: IncomingMessage) => boolean;
  /** Claims that a token has besides the usual ones. */
  readonly claimsOf: (request: IncomingMessage) => Readonly<Record<string, unknown>>;
}

/**
 * The OAuth server as a package that is certified for it, with everything off that is not ours: it reads the form,
 * authenticates the client by its certificate, and signs. Which tokens there are, the grants say.
 */
export function createProvider(parts: ProviderParts): Provider {
  const provider = new Provider(parts.issuer, {
    adapter: (model: string) => new LiveClients(model, parts.registry),
    jwks: { keys: parts.keys },
    clientAuthMethods: ['tls_client_auth'],
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    enabledJWA: { idTokenSigningAlgValues: ['ES256'] },
    scopes: [],
    responseTypes: [],
    claims: {},
    routes: { token: PATHS.token, jwks: PATHS.jwks },
    ttl: { AccessToken: LONGEST, ClientCredentials: LONGEST },
    clientBasedCORS: () => false,
    // Called for whoever would rather have HTML.
    renderError: (context: OAuthContext, { error }: { readonly error: string }) => {
      context.body = { error };
    },
    extraTokenClaims: ({ req }: OAuthContext) => parts.claimsOf(req),
    features: featuresOf(parts),
  });
  // It would print what has gone wrong; we record it.
  provider.silent = true;
  provider.use(codeOnly);
  return provider;
}

function featuresOf({ certificateOf, spiffeIdOf, isTrusted }: ProviderParts): object {
  return {
    ...{ backchannelLogout: OFF, claimsParameter: OFF, clientCredentials: OFF, deviceFlow: OFF },
    ...{ devInteractions: OFF, dPoP: OFF, introspection: OFF, pushedAuthorizationRequests: OFF },
    ...{ registration: OFF, resourceIndicators: OFF, revocation: OFF, rpInitiatedLogout: OFF },
    userinfo: OFF,
    mTLS: {
      enabled: true,
      certificateBoundAccessTokens: true,
      tlsClientAuth: true,
      selfSignedTlsClientAuth: false,
      getCertificate: ({ req }: OAuthContext) => certificateOf(req),
      certificateAuthorized: ({ req }: OAuthContext) => isTrusted(req),
      certificateSubjectMatches: ({ req }: OAuthContext, property: string, expected: string) =>
        property === 'tls_client_auth_san_uri' && expected === spiffeIdOf(req),
    },
  };
}

/** Descriptions are written for whoever develops a client, and would tell others what they only guess. */
async function codeOnly(context: OAuthContext, next: () => Promise<void>): Promise<void> {
  await next();
  if (context.status < 400) return;
  const { error } = (context.body ?? {}) as { readonly error?: unknown };
  context.body = { error: typeof error === 'string' ? error : 'invalid_request' };
}

/** The provider's store: clients are the agents of the policy in force, and nothing else is ever kept. */
class LiveClients {
  readonly #model: string;
  readonly #registry: () => Registry;

  constructor(model: string, registry: () => Registry) {
    this.#model = model;
    this.#registry = registry;
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- the provider waits for it
  async find(id: string): Promise<object | undefined> {
    if (this.#model !== 'Client') throw new TypeError(`no ${this.#model} is kept`);
    const client = this.#registry().withId(id);
    if (client?.disabled !== false) return undefined;
    return {
      client_id: client.spiffeId,
      token_endpoint_auth_method: 'tls_client_auth',
      tls_client_auth_san_uri: client.spiffeId,
      tls_client_certificate_bound_access_tokens: true,
      grant_types: [CLIENT_CREDENTIALS, TOKEN_EXCHANGE],
      response_types: [],
      redirect_uris: [],
    };
  }

  upsert(): never {
    throw new TypeError(`no ${this.#model} is kept`);
  }
}

/** Of errors that are not answered with 400. */
const STATUSES: Readonly<Record<string, number>> = {
  invalid_client: 401,
  temporarily_unavailable: 503,
};

/** What the provider answers with. Its `detail` goes to the operator. */
export function oauthError(code: string, detail: string): Error {
  const error = new errors.CustomOIDCProviderError(code, '', { detail });
  const status = STATUSES[code];
  if (status !== undefined) error.status = error.statusCode = status;
  return error;
}

/** What the operator is told of an error of the provider's, and the code that the client gets. */
export function toldOf(error: Error): { readonly code: string; readonly detail: string } {
  if (!(error instanceof errors.OIDCProviderError))
    return { code: 'server_error', detail: error.name };
  const { error: code, error_detail: detail, error_description: description } = error;
  return { code, detail: detail ?? description ?? '' };
}
