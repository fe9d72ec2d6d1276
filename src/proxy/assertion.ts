import type { CanonicalRequest, ForwardableCall, Headers, RouteEntry } from '../call/index.ts';
import { traceparent } from './trace.ts';

/** Who we are to the agent behind us. */
export interface Self {
  /** Our own SPIFFE ID. */
  readonly spiffeId: string;
  /** Our name in `Via`; the same for as long as the identity is. */
  readonly pseudonym: string;
  /** What `Host` says to the agent. */
  readonly authority: string;
}

/**
 * The fields that the agent gets: what is left of the caller's, then ours. Ours come last and no field of the caller's
 * has one of these names in any spelling, so the agent may believe them.
 */
export function assertedHeaders(call: ForwardableCall, self: Self): Headers {
  const { request, peer, agent } = call;
  const headers: (readonly [string, string])[] = [
    ['host', self.authority],
    ...request.headers,
    ['x-sidegate-agent', agent.name],
    [
      'x-forwarded-client-cert',
      `By=${self.spiffeId};Hash=${peer.sha256};URI=${peer.spiffeId.toString()}`,
    ],
    ['x-request-id', call.id],
    ['forwarded', `for="${peer.address}";host="${request.host}";proto=https`],
    [
      'via',
      request.via === undefined ? `1.1 ${self.pseudonym}` : `${request.via}, 1.1 ${self.pseudonym}`,
    ],
    ['traceparent', traceparent(request.trace)],
  ];
  if (request.trace.state !== undefined) headers.push(['tracestate', request.trace.state]);
  if (call.handle !== undefined) headers.push(['x-sidegate-context', call.handle.reveal()]);
  if (!call.decision.allowed) return headers;
  const { scopes, rule } = call.decision;
  if (scopes.length > 0) headers.push(['x-sidegate-scopes', scopes.join(' ')]);
  headers.push(...passedCredentials(request, rule));
  return headers;
}

/** A token or a proof that was looked at here never goes on: the agent holds no credential of its caller's. */
function passedCredentials(request: CanonicalRequest, rule: RouteEntry): [string, string][] {
  if (rule.tokenRule.token !== 'ignored') return [];
  const passed: [string, string][] = [];
  if (request.authorization !== undefined && rule.authorization === 'pass')
    passed.push(['authorization', request.authorization]);
  if (request.proof !== undefined) passed.push(['dpop', request.proof]);
  return passed;
}
