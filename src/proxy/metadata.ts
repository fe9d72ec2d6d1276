import type { Call, PinnedPolicy, RouteEntry } from '../call/index.ts';
import { METADATA_PATH } from '../policy/index.ts';
import type { Resource } from './hall.ts';

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

/** A protected resource, as a client reads of it (RFC 9728, 2). */
export interface Metadata {
  readonly resource: string;
  readonly authorization_servers?: readonly string[];
  readonly scopes_supported?: readonly string[];
  readonly bearer_methods_supported: readonly string[];
  readonly tls_client_certificate_bound_access_tokens: true;
  readonly dpop_signing_alg_values_supported: readonly string[];
}

/** A path, as it came and what it means. */
export interface ResourcePath {
  readonly path: string;
  readonly meaning: string;
}

/** The metadata of the resource at that path; undefined if no token is taken there. */
export function metadataOf(
  { path, meaning }: ResourcePath,
  policy: PinnedPolicy,
  resource: Resource,
): Metadata | undefined {
  const routes = routesAt(meaning === '' ? '/' : meaning, policy);
  if (routes.length === 0) return undefined;
  const servers = policy.issuers
    .filter(({ development }) => !development || resource.development)
    .map(({ issuer }) => issuer);
  const scopes = new Set(routes.flatMap((route) => route.scopes));
  return {
    // The lone slash of the root is not part of the name (RFC 9728, 3.1).
    resource: resource.url + (path === '/' ? '' : path),
    ...(servers.length > 0 && { authorization_servers: servers }),
    ...(scopes.size > 0 && { scopes_supported: [...scopes] }),
    bearer_methods_supported: ['header'],
    tls_client_certificate_bound_access_tokens: true,
    dpop_signing_alg_values_supported: resource.proofAlgorithms,
  };
}

/** The URL of the metadata for the path of a call, if the policy lets its agent read it there. */
export function metadataUrl(call: Readonly<Call>, resource: Resource): string | undefined {
  const { agent, request, policy } = call;
  if (agent === undefined || request === undefined) return undefined;
  const suffix = (path: string): string => (path === '/' ? '' : path);
  const route = policy.route({ method: 'GET', path: METADATA_PATH + suffix(request.meaning) });
  if ('allowed' in route || route.answer !== 'metadata') return undefined;
  if (!policy.decide(agent, route).allowed) return undefined;
  return resource.url + METADATA_PATH + suffix(request.path);
}

function routesAt(path: string, policy: PinnedPolicy): RouteEntry[] {
  return METHODS.flatMap((method) => {
    const found = policy.route({ method, path });
    return 'allowed' in found || !takesTokens(found) ? [] : [found];
  });
}

/** Whether a token is looked at there, and may be used. */
export function takesTokens({ tokenRule: { token } }: RouteEntry): boolean {
  return token === 'required' || token === 'optional';
}
