/** The part of oidc-provider that this room uses; the package has no types of its own. */
declare module 'oidc-provider' {
  import type { IncomingMessage, ServerResponse } from 'node:http';

  interface OAuthClient {
    readonly clientId: string;
  }

  /** Koa's context, as far as it is used. */
  export interface OAuthContext {
    readonly req: IncomingMessage;
    readonly res: ServerResponse;
    readonly path: string;
    readonly oidc: {
      readonly client: OAuthClient;
      /** Of the form; those that were given twice are refused before. */
      readonly params: Readonly<Record<string, string | undefined>>;
    };
    status: number;
    body: unknown;
    set(name: string, value: string): void;
  }

  interface ResourceServerFields {
    readonly audience: string;
    readonly scope: string;
    readonly accessTokenFormat: 'jwt';
    readonly jwt: { readonly sign: { readonly alg: string; readonly kid: string } };
  }

  /** Only made, and handed back. */
  // eslint-disable-next-line @typescript-eslint/no-extraneous-class
  class ResourceServer {
    constructor(identifier: string, fields: ResourceServerFields);
  }

  interface TokenFields {
    readonly client: OAuthClient;
    readonly scope: string;
    /** Seconds. */
    readonly expiresIn: number;
    readonly resourceServer: ResourceServer;
    readonly accountId?: string;
  }

  class Token {
    constructor(fields: TokenFields);
    readonly jti: string;
    setThumbprint(kind: 'x5t', certificate: import('node:crypto').X509Certificate): void;
    /** The token itself. */
    save(): Promise<string>;
  }

  export class Provider {
    constructor(issuer: string, configuration: object);
    readonly ResourceServer: typeof ResourceServer;
    readonly ClientCredentials: typeof Token;
    readonly AccessToken: typeof Token;
    /** Whether Koa keeps its faults to itself instead of printing them. */
    silent: boolean;
    registerGrantType(
      name: string,
      handler: (context: OAuthContext) => Promise<void>,
      parameters: readonly string[],
    ): void;
    use(middleware: (context: OAuthContext, next: () => Promise<void>) => Promise<void>): this;
    on(
      event: 'grant.error' | 'jwks.error' | 'server_error',
      listener: (context: OAuthContext, error: Error) => void,
    ): this;
    callback(): (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  }

  class OAuthError extends Error {
    constructor(code: string, description: string, options?: { readonly detail?: string });
    readonly error: string;
    readonly error_description?: string;
    readonly error_detail?: string;
    status: number;
    statusCode: number;
  }

  export const errors: {
    readonly OIDCProviderError: typeof OAuthError;
    readonly CustomOIDCProviderError: typeof OAuthError;
  };
}
