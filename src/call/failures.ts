/** The gate that a refusal happened at; what comes before authorization is never softened by shadow mode. */
export type Stage = 'identity' | 'authentication' | 'authorization' | 'request' | 'upstream';

/** Whose fault it is: the caller's, the peer's behind us, or ours (and our operator's). */
export type Blame = 'caller' | 'peer' | 'us';

export interface Failure {
  readonly stage: Stage;
  /** The HTTP status of the answer; 0 where there is nobody left to answer. */
  readonly status: number;
  readonly blame: Blame;
  /** Whether shadow mode forwards the call all the same, and only records the denial. */
  readonly softened: boolean;
  /** What the caller is told. Names no rule, agent, version or way round. */
  readonly caller: string;
  /** What the operator is told. */
  readonly operator: string;
  readonly remedy: string;
}

const identity = { stage: 'identity', status: 401, blame: 'caller', softened: false } as const;
const authentication = { ...identity, stage: 'authentication' } as const;
const authorization = {
  stage: 'authorization',
  status: 403,
  blame: 'caller',
  softened: true,
} as const;
const request = { stage: 'request', status: 400, blame: 'caller', softened: false } as const;
const ours = { stage: 'request', status: 503, blame: 'us', softened: false } as const;
const upstream = { stage: 'upstream', status: 502, blame: 'peer', softened: false } as const;

/** Every way in which a call can fail. `docs/errors.md` is held against it by a test. */
const CATALOGUE = {
  NO_CERTIFICATE: {
    ...identity,
    caller: 'A client certificate is required. Stop: calling again without one cannot succeed.',
    operator: 'The caller showed no client certificate.',
    remedy:
      'Give the caller its certificate and key (sidegate ca mint NAME); with curl: --cert and --key.',
  },
  CERTIFICATE_NOT_SVID: {
    ...identity,
    caller: 'The client certificate does not carry an identity that can be used here. Stop.',
    operator:
      'The certificate is no X.509-SVID: it needs exactly one URI name with a SPIFFE ID that has a path, and the usages of a leaf.',
    remedy: 'Issue the certificate by the SVID profile, e.g. with sidegate ca mint NAME.',
  },
  FOREIGN_TRUST_DOMAIN: {
    ...authentication,
    caller:
      'The client certificate could not be verified. Stop: calling again with it cannot succeed.',
    operator: 'The certificate claims a trust domain that has no roots here.',
    remedy: "If the domain is to be trusted, add it with its roots under 'trust' in sidegate.yaml.",
  },
  UNTRUSTED_CERTIFICATE: {
    ...authentication,
    caller:
      'The client certificate could not be verified. Stop: calling again with it cannot succeed.',
    operator: 'The certificate does not chain to the roots of the trust domain that it claims.',
    remedy:
      "If the caller is genuine, compare its issuer with the roots under 'trust' in sidegate.yaml; otherwise somebody is pretending.",
  },
  CERTIFICATE_EXPIRED: {
    ...authentication,
    caller: 'The client certificate is outside its validity. Stop until it has been renewed.',
    operator: 'The certificate has expired or is not valid yet.',
    remedy: 'Renew it (sidegate ca renew), and compare the clocks of both machines.',
  },
  CERTIFICATE_REVOKED: {
    ...authentication,
    caller: 'The client certificate is no longer accepted. Stop.',
    operator: 'The certificate is on the revocation list of its trust domain.',
    remedy: 'If the agent is to call again, mint it a new certificate.',
  },
  REVOCATION_UNKNOWN: {
    ...authentication,
    blame: 'us',
    caller: 'The client certificate cannot be checked at the moment. Try again later.',
    operator:
      'The revocation list of this trust domain is missing, foreign or out of date, so nobody of it is let in.',
    remedy: "Renew the list (sidegate ca renew), or correct 'crl' under 'trust' in sidegate.yaml.",
  },
  TRUST_CHANGED: {
    ...authentication,
    caller: 'The connection is no longer trusted. Connect anew.',
    operator:
      'The roots changed after this connection was made, and its certificate no longer chains to them.',
    remedy: 'Nothing, if the change was meant; otherwise restore the roots.',
  },
  UNKNOWN_AGENT: {
    ...authorization,
    softened: false,
    caller: 'This identity may not call here. Stop: calling again cannot succeed.',
    operator: 'The certificate is genuine, but its SPIFFE ID belongs to no agent of the policy.',
    remedy: "If it should call, add it under 'agents' in the policy.",
  },
  AGENT_DISABLED: {
    ...authorization,
    softened: false,
    caller: 'This identity may not call here at the moment. Stop.',
    operator: 'This agent is disabled in the policy, or killed by the operator.',
    remedy:
      "When it may call again: remove 'disabled: true' from the agent in the policy, or sidegate kill NAME --lift.",
  },
  NO_ROUTE: {
    ...authorization,
    caller: 'This identity may not do that. Stop: calling again or another path cannot succeed.',
    operator: 'No route of the policy matches this path, and what no route names is denied.',
    remedy: "If it should be reachable, add a route for it under 'routes' in the policy.",
  },
  METHOD_NOT_ALLOWED: {
    ...authorization,
    status: 405,
    caller: 'This method is not allowed here. Stop.',
    operator: 'The path has a route, but the method is not listed there.',
    remedy:
      'If it should be allowed, add the method to the route, or a route of its own for the path.',
  },
  SCOPE_MISSING: {
    ...authorization,
    caller:
      'This identity lacks a permission that the call needs. Stop: only an administrator can grant it.',
    operator: 'The agent does not hold every scope that the route requires.',
    remedy: "If it should, grant the scope to the agent under 'agents' in the policy.",
  },
  UPGRADE_NOT_ALLOWED: {
    ...authorization,
    caller: 'Changing the protocol is not allowed here. Stop.',
    operator: 'The call asks for an upgrade that the route does not allow.',
    remedy:
      "For WebSocket, add 'upgrade: websocket' to the route; other protocols are never passed on.",
  },
  RATE_LIMITED: {
    ...authorization,
    status: 429,
    caller: 'Too many calls. Wait before calling again.',
    operator: 'The agent used up the rate of this route.',
    remedy: "If the load is legitimate, raise 'rate' or 'burst' on the route.",
  },
  CONCURRENCY_LIMITED: {
    ...authorization,
    status: 429,
    caller: 'Too many calls at the same time. Wait for one to end.',
    operator: 'The agent has as many open calls on this route as it may have.',
    remedy: "If the load is legitimate, raise 'concurrency' on the route.",
  },
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
    operator: 'The caller took too long to send its request.',
    remedy: "If its link is slow, raise 'limits.headTimeout'.",
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
    operator: 'The limit of connections, or of one agent, is reached.',
    remedy:
      "Find who opens them (sidegate_connections); if legitimate, raise 'limits.connections' or 'limits.connectionsPerAgent'.",
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
  UPSTREAM_UNREACHABLE: {
    ...upstream,
    caller: 'The agent cannot be reached. Try again later.',
    operator: 'No connection to the agent behind this sidecar could be made.',
    remedy: "Start the agent, or correct 'inbound.upstream' in sidegate.yaml.",
  },
  UPSTREAM_PROTOCOL: {
    ...upstream,
    caller: 'The agent gave no usable answer.',
    operator: 'The agent broke off, or what it answered is not proper HTTP.',
    remedy: "Look at the agent's own log for this request id.",
  },
  UPSTREAM_TIMEOUT: {
    ...upstream,
    status: 504,
    caller: 'The agent did not answer in time.',
    operator: 'The agent accepted the call and did not begin to answer in time.',
    remedy: "Look at the agent's own log for this request id.",
  },
  CALLER_LEFT: {
    ...request,
    status: 0,
    caller: '',
    operator: 'The caller went away before the answer was complete.',
    remedy: "Nothing, unless it happens often: then look at the caller's own time limits.",
  },
  CUT: {
    ...ours,
    status: 0,
    caller: '',
    operator: 'The call was still open when the process had to end, and was cut.',
    remedy: "If calls need longer, raise 'limits.drain'.",
  },
  HANDSHAKE_FAILED: {
    ...identity,
    status: 0,
    caller: '',
    operator: 'The TLS handshake failed before anybody could say who they are.',
    remedy: 'The caller must speak TLS 1.3; plain HTTP, older versions and port scanners end here.',
  },
  INTERNAL: {
    ...ours,
    status: 500,
    caller: 'The server failed. The call was not carried out.',
    operator: 'Sidegate itself failed; the call was refused.',
    remedy: 'This is a defect: please report it with the log line of this id.',
  },
} as const satisfies Record<string, Failure>;

/** The stable name of a failure, the same in answers, audit, metrics and documentation. */
export type FailureCode = keyof typeof CATALOGUE;

export const FAILURES: Readonly<Record<FailureCode, Failure>> = CATALOGUE;

export const FAILURE_CODES = Object.keys(CATALOGUE) as readonly FailureCode[];
