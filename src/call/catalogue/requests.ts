import { request, ours, type Failure } from './failure.ts';

/** Requests that cannot be taken as they are, or now. */
export const REQUESTS = {
  MALFORMED_REQUEST: {
    ...request,
    caller: 'The request is malformed. Stop: it cannot succeed in this form.',
    operator: 'The request breaks a rule of HTTP, or could be read in two ways.',
    remedy: 'Correct the caller; the detail names the rule.',
  },
  AMBIGUOUS_PATH: {
    ...request,
    caller: 'The path can be read in more than one way. Stop: it cannot succeed in this form.',
    operator:
      'But for letter case or one trailing slash, the path matches a more specific route; servers differ in reading it.',
    remedy: 'Correct the path that the caller asks for, or add the exact spelling as a route.',
  },
  TIMEOUT: {
    ...request,
    status: 408,
    caller: 'The request did not arrive in time.',
    operator: 'The caller took too long to send its request, the head or the body.',
    remedy:
      "If its link is slow, raise 'limits.headTimeout', or for bodies 'limits.bodyTimeout'; if it sends little by little for long, lower 'limits.minRate'.",
  },
  TOO_LARGE: {
    ...request,
    status: 413,
    caller: 'The body is too large. Stop: it cannot succeed in this size.',
    operator: 'The body is larger than the route allows.',
    remedy: "If the size is legitimate, raise 'body' on the route.",
  },
  HEADERS_TOO_LARGE: {
    ...request,
    status: 431,
    caller: 'The header fields are too large.',
    operator: 'The header fields are larger, or more, than allowed.',
    remedy: "If they are legitimate, raise 'limits.headers'.",
  },
  TOO_MANY_CONNECTIONS: {
    ...ours,
    caller: 'Too many connections. Try again later.',
    operator:
      'The limit of connections, or of one agent, is reached; or only places are left that are for agents with fewer; or too many of one address wait for their handshakes.',
    remedy:
      "Find who opens them (sidegate_connections, and the addresses in the audit); if legitimate, raise 'limits.connections' or 'limits.connectionsPerAgent', or 'limits.handshakeRate' for many agents behind one address.",
  },
  TOO_MANY_CALLS: {
    ...ours,
    caller: 'Too many calls at the same time. Try again later.',
    operator:
      'The limit of calls under way, or of one agent, is reached; or only places are left that are for agents with fewer.',
    remedy:
      "Find whose calls are open (sidegate_live_calls, and the begun lines of the audit); if legitimate, raise 'limits.calls' or 'limits.callsPerAgent'.",
  },
  BUFFERS_FULL: {
    ...ours,
    caller: 'The server had no room for this call. Try again later.',
    operator:
      'More bytes waited in the process for slow callers or a slow agent than allowed; this call had most of them, of the agent that had most of all.',
    remedy:
      "Find who does not take its bytes, the caller or the agent behind; if both are sound, raise 'limits.buffered'.",
  },
  DRAINING: {
    ...ours,
    caller: 'The server is going away. Connect anew.',
    operator: 'The process is draining after SIGTERM and takes no new calls.',
    remedy: 'Nothing: another replica should take the call.',
  },
  AUDIT_FULL: {
    ...ours,
    caller: 'The server cannot take calls at the moment. Try again later.',
    operator: 'The audit cannot be written, and what cannot be recorded is not done.',
    remedy: "Make room for the audit file, or accept losing lines with 'audit.onFull: drop'.",
  },
  NOT_READY: {
    ...ours,
    caller: 'The server cannot take calls at the moment. Try again later.',
    operator: 'The process has not finished starting, or one of its credentials is unusable.',
    remedy: 'See /readyz.',
  },
} as const satisfies Record<string, Failure>;
