import { FAILURES, type Call, type FailureCode, type RouteEntry } from '../call/index.ts';
import type { Hall, Resource } from './hall.ts';
import { metadataUrl, takesTokens } from './metadata.ts';

/** The error of RFC 6750, 3.1, or RFC 9449, 7.1; undefined where none is told: nothing was presented. */
const ERRORS: Readonly<Partial<Record<FailureCode, string | undefined>>> = {
  TOKEN_MISSING: undefined,
  TOKEN_MALFORMED: 'invalid_token',
  TOKEN_UNTRUSTED: 'invalid_token',
  TOKEN_EXPIRED: 'invalid_token',
  TOKEN_WRONG_AUDIENCE: 'invalid_token',
  TOKEN_UNBOUND: 'invalid_token',
  TOKEN_BOUND_ELSEWHERE: 'invalid_token',
  TOKEN_WRONG_PRESENTER: 'invalid_token',
  TOKEN_PROOF_INVALID: 'invalid_dpop_proof',
  SCOPE_MISSING: 'insufficient_scope',
  MALFORMED_REQUEST: 'invalid_request',
};

const REALM = ['realm', 'sidegate'] as const;

type Parameter = readonly [name: string, value: string];

/**
 * Values of `WWW-Authenticate` for a refused call, one for each way to present a token; empty where no token is asked
 * for. All of it is from policy and configuration, never from the call, but for the path of the resource.
 */
export function tokenChallenges(
  call: Readonly<Call>,
  code: FailureCode,
  { resource }: Hall,
): readonly string[] {
  const { route, request } = call;
  if (route === undefined || request === undefined || !takesTokens(route)) return [];
  if (!Object.hasOwn(ERRORS, code)) return [];
  const error = errorOf(code);
  const common = [...scopeOf(call, code, route), ...metadataOf(call, resource)];
  const byProof = /^dpop /i.test(request.authorization ?? '') || code === 'TOKEN_PROOF_INVALID';
  const bearer = `Bearer ${listed([REALM, ...(byProof ? [] : error), ...common])}`;
  if (resource === undefined) return [bearer];
  const algs = ['algs', resource.proofAlgorithms.join(' ')] as const;
  const dpop = `DPoP ${listed([REALM, ...(byProof ? error : []), algs, ...common])}`;
  return byProof ? [dpop, bearer] : [bearer, dpop];
}

function errorOf(code: FailureCode): Parameter[] {
  const error = ERRORS[code];
  if (error === undefined) return [];
  return [
    ['error', error],
    ['error_description', FAILURES[code].caller],
  ];
}

/** The scopes that a token must have here; of one that had too few, those that were missing. */
function scopeOf(call: Readonly<Call>, code: FailureCode, route: RouteEntry): Parameter[] {
  const denial = call.decision?.allowed === false ? call.decision : undefined;
  const scopes = code === 'SCOPE_MISSING' ? (denial?.missingScopes ?? []) : route.scopes;
  return scopes.length === 0 ? [] : [['scope', scopes.join(' ')]];
}

/** Only where the policy lets this agent read it (RFC 9728, 5.1). */
function metadataOf(call: Readonly<Call>, resource: Resource | undefined): Parameter[] {
  const url = resource === undefined ? undefined : metadataUrl(call, resource);
  return url === undefined ? [] : [['resource_metadata', url]];
}

function listed(parameters: readonly Parameter[]): string {
  return parameters.map(([name, value]) => `${name}="${quotable(value)}"`).join(', ');
}

/** What may stand between quotes there (RFC 6750, 3): a quote would end the value early. */
function quotable(value: string): string {
  return value.replace(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, '');
}
