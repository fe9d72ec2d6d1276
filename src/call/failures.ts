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
  TOKEN_MISSING: {
    ...authentication,
    caller: 'An access token is required. Stop until you have one for this service.',
    operator: 'The route takes a token, and none came.',
    remedy:
      "Have the caller fetch one from an issuer of the policy; or say 'token: optional' on the route, with 'withoutToken'.",
  },
  TOKEN_NOT_TAKEN: {
    ...authentication,
    caller: 'No access token is taken here. Stop: send none.',
    operator:
      'The route takes no token, and one came. It is refused, for nobody would have looked at it.',
    remedy: "If calls with a token should be taken, say 'token' on the route.",
  },
  TOKEN_MALFORMED: {
    ...authentication,
    caller: 'The access token cannot be read. Stop: it cannot succeed in this form.',
    operator: 'What came in Authorization is no signed JWT access token (RFC 9068).',
    remedy: 'The detail names what is wrong with it; the issuer or the caller must mend that.',
  },
  TOKEN_UNTRUSTED: {
    ...authentication,
    caller: 'The access token is not accepted. Stop: get another one.',
    operator:
      'No issuer of the policy vouches for this token: unknown issuer, key or algorithm, or a wrong signature.',
    remedy:
      "If the issuer is genuine, compare its entry under 'issuers' in the policy; otherwise somebody is pretending.",
  },
  TOKEN_EXPIRED: {
    ...authentication,
    caller: 'The access token is outside its validity. Get a new one.',
    operator: 'The token has expired or is not valid yet.',
    remedy: 'Nothing, unless it happens often: then compare the clocks of both machines.',
  },
  TOKEN_WRONG_AUDIENCE: {
    ...authentication,
    caller: 'The access token is for another service. Stop: get one for this service.',
    operator: 'The token was issued for somebody else, and is not taken here.',
    remedy:
      "Have the caller ask for our audience; or correct 'audiences' of the issuer in the policy.",
  },
  TOKEN_UNBOUND: {
    ...authentication,
    caller: 'The access token must be bound to a key. Stop: get one that is.',
    operator: 'The token is bound to no certificate or key, so that whoever has it could use it.',
    remedy:
      "Have the issuer bind its tokens (RFC 8705); if it cannot, say 'binding: whenPresent' at the issuer, and know that its tokens can be stolen.",
  },
  TOKEN_BOUND_ELSEWHERE: {
    ...authentication,
    caller: 'The access token belongs to another client. Stop.',
    operator: 'The token is bound to another certificate or key than the one that presents it.',
    remedy:
      'If the caller has just renewed its certificate, it must fetch a new token; otherwise the token was stolen.',
  },
  TOKEN_WRONG_PRESENTER: {
    ...authentication,
    caller: 'The access token belongs to another client. Stop.',
    operator: 'The token was issued to another client than the agent that presents it.',
    remedy:
      "If they are the same, name the client under 'clients' of the agent; otherwise the token was stolen.",
  },
  TOKEN_PROOF_INVALID: {
    ...authentication,
    caller: 'The proof that belongs to the access token is missing or wrong.',
    operator: 'The DPoP proof (RFC 9449) is missing, does not fit the call, or was used before.',
    remedy:
      'The detail names what is wrong; compare the clocks, and the public URL that the caller signs.',
  },
  ISSUER_UNAVAILABLE: {
    ...ours,
    stage: 'authentication',
    caller: 'The access token cannot be checked at the moment. Try again later.',
    operator: 'The keys of the issuer are not at hand, so none of its tokens is believed.',
    remedy: "See that 'keys' of the issuer can be reached from here; the log names the reason.",
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
  DELEGATION_REQUIRED: {
    ...authorization,
    caller:
      'This call must be made on behalf of somebody. Stop: your own authority does not suffice.',
    operator: "The route is for calls on behalf of somebody only, and this one is on nobody's.",
    remedy:
      "Have the caller pass on the token of whom it acts for; or say 'onBehalfOf: allowed' on the route.",
  },
  DELEGATION_FORBIDDEN: {
    ...authorization,
    caller: 'This call may not be made on behalf of somebody. Stop.',
    operator:
      'The token speaks for somebody else than the caller, and the route does not take that.',
    remedy: "If it should, say 'onBehalfOf: allowed' or 'required' on the route.",
  },
  DELEGATION_SUBJECT_REFUSED: {
    ...authorization,
    caller: 'This call may not be made on behalf of this subject. Stop.',
    operator: "The subject of the token is not among the 'subjects' of the route.",
    remedy: "If it should be, add it there, under its issuer's name.",
  },
  DELEGATION_TOO_DEEP: {
    ...authorization,
    caller: 'Too many stand between you and whom you act for. Stop.',
    operator: 'The chain of actors in the token is longer than the route allows.',
    remedy: "If such a chain is legitimate, raise 'maxDepth' on the route.",
  },
  DELEGATION_LOOP: {
    ...authorization,
    caller: 'The call has come round to where it was before. Stop.',
    operator: 'The same actor stands twice in the chain of the token.',
    remedy: "If agents may call each other back, say 'loops: allow' on the route.",
  },
  DELEGATION_ACTOR_REFUSED: {
    ...authorization,
    softened: false,
    caller: 'Somebody in the chain of this call may not act here. Stop.',
    operator:
      "An actor in the chain of the token is no agent of the policy, is disabled, or is not in 'via' of the route.",
    remedy:
      "The detail names it; if it should be there, list it under 'agents', or in 'via' of the route.",
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
  OUTBOUND_REFUSED: {
    ...request,
    status: 403,
    caller: 'This is not a call that the outbound door takes. Stop.',
    operator:
      'The request came from a browser page, for another host, or without the secret of the door.',
    remedy:
      'The detail names it; call http://NAME.peer.internal over the socket that the configuration names.',
  },
  PEER_UNKNOWN: {
    ...authorization,
    softened: false,
    caller: 'No such peer may be called. Stop: another name cannot succeed.',
    operator:
      "The policy names no such peer under 'peers', and what it does not name is not called.",
    remedy: "If it should be reachable, add it under 'peers' in the policy.",
  },
  CONTEXT_MISSING: {
    ...authorization,
    softened: false,
    caller:
      'This peer is only called on behalf of somebody: send the x-sidegate-context of the call that you work on.',
    operator:
      "The peer takes the authority of whom the agent acts for ('authority: delegated'), and the agent named no call.",
    remedy:
      'Have the agent copy x-sidegate-context from the call that it works on to the calls that it makes for it.',
  },
  CONTEXT_REFUSED: {
    ...authorization,
    softened: false,
    caller: 'The x-sidegate-context names no call that is under way. Stop: it cannot succeed.',
    operator: 'The handle is unknown, or the call that it belonged to has ended.',
    remedy: 'Have the agent finish its calls before it answers; for longer work use a task grant.',
  },
  OWN_AUTHORITY_REFUSED: {
    ...authorization,
    softened: false,
    caller: 'This peer may not be called on behalf of somebody. Stop.',
    operator:
      "The agent works for somebody, and would use its own authority ('authority: own') at this peer.",
    remedy:
      "Say 'authority: delegated' for the peer; or 'evenOnBehalf: true', and know that the agent's own power is used.",
  },
  EXCHANGE_REFUSED: {
    ...authorization,
    softened: false,
    caller: 'No authority could be had for this call. Stop: it cannot succeed.',
    operator: 'The token service refused to give a token for this peer.',
    remedy: 'The detail names its reason; its own audit says more.',
  },
  TOKEN_SERVICE_UNAVAILABLE: {
    ...upstream,
    status: 503,
    caller: 'No authority can be had at the moment. Try again later.',
    operator: 'The token service cannot be reached, or gave no usable answer.',
    remedy: "Start it, or correct 'tokenService' in sidegate.yaml.",
  },
  PEER_UNREACHABLE: {
    ...upstream,
    caller: 'The peer cannot be reached. Try again later.',
    operator: 'No connection to the peer could be made.',
    remedy: "See that it runs, or correct its place under 'peers' in the policy.",
  },
  PEER_UNTRUSTED: {
    ...upstream,
    caller: 'The peer could not be verified, and was not called. Stop.',
    operator: 'The other end did not prove that it has the SPIFFE ID that the policy asks for.',
    remedy:
      "Compare 'id' of the peer in the policy with what it shows; otherwise somebody is pretending.",
  },
  CREDENTIAL_ECHOED: {
    ...upstream,
    caller: 'The agent gave no usable answer.',
    operator: 'The answer of the agent holds a credential of this sidecar, and was cut.',
    remedy: 'Look at the agent: it must not repeat header fields that it got.',
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
