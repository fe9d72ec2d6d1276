import { identity, request, ours, upstream, type Failure } from './failure.ts';

/** The agent behind us, and calls that end without an answer. */
export const ENDINGS = {
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
  SLOW_READER: {
    ...request,
    status: 0,
    caller: '',
    operator: 'The caller did not take the bytes of its answer, so it was cut.',
    remedy: "If it has to pause for so long between reads, raise 'limits.sendTimeout'.",
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
