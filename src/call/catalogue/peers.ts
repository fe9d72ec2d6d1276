import { authorization, request, upstream, type Failure } from './failure.ts';

/** The way out: peers, contexts, and tokens for them. */
export const PEERS = {
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
    operator:
      'The handle is unknown, the call or the task that it belonged to has ended, or it is not for this peer.',
    remedy:
      'Have the agent finish its calls before it answers, or say in its answer that the work goes on (x-sidegate-task).',
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
  TASK_REFUSED: {
    ...upstream,
    caller: 'The agent gave no usable answer.',
    operator:
      'The agent answered that its work goes on after the call (x-sidegate-task), and that may not be.',
    remedy:
      "The detail says why. Where it should be allowed, say 'tasks' on the route; otherwise have the agent not send the field.",
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
} as const satisfies Record<string, Failure>;
