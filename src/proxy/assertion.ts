import type { ForwardableCall, Headers } from '../call/index.ts';
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
  const headers: [string, string][] = [['host', self.authority]];
  for (const [name, value] of request.headers) headers.push([name, value]);
  headers.push(
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
  );
  if (request.trace.state !== undefined) headers.push(['tracestate', request.trace.state]);
  if (!call.decision.allowed) return headers;
  if (call.decision.scopes.length > 0)
    headers.push(['x-sidegate-scopes', call.decision.scopes.join(' ')]);
  if (request.authorization !== undefined && call.decision.rule.authorization === 'pass')
    headers.push(['authorization', request.authorization]);
  return headers;
}
