/** Where a client finds what, below the issuer; nothing else is served. */
export const PATHS = {
  token: '/token',
  jwks: '/jwks',
  /** Where work is registered that outlives its call. */
  grants: '/grants',
  /** RFC 8414, and where older clients look. */
  metadata: ['/.well-known/oauth-authorization-server', '/.well-known/openid-configuration'],
} as const;

export const CLIENT_CREDENTIALS = 'client_credentials';
export const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';

/** The metadata of the service (RFC 8414), from the configuration alone: `Host` is the caller's word. */
export function metadataOf(issuer: string): object {
  return {
    issuer,
    token_endpoint: issuer + PATHS.token,
    jwks_uri: issuer + PATHS.jwks,
    grant_types_supported: [CLIENT_CREDENTIALS, TOKEN_EXCHANGE],
    response_types_supported: [],
    token_endpoint_auth_methods_supported: ['tls_client_auth'],
    tls_client_certificate_bound_access_tokens: true,
  };
}
