import { authorization, type Failure } from './failure.ts';

/** What somebody may do, for themselves or for others. */
export const RIGHTS = {
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
    operator: 'The agent, or the token that it sent, lacks a scope that the route requires.',
    remedy:
      "If the agent should have it, grant it under 'agents' in the policy; if the token should, its issuer must put it there.",
  },
  DELEGATION_REQUIRED: {
    ...authorization,
    caller:
      'This call must be made on behalf of somebody. Stop: your own authority does not suffice.',
    operator:
      "What the route takes can be used on behalf of somebody only, and the call is on nobody's.",
    remedy:
      "Have the caller pass on the token of whom it acts for; or say 'onBehalfOf: allowed' on the route, with 'withoutToken'.",
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
} as const satisfies Record<string, Failure>;
