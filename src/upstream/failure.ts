import { Refusal, type FailureCode } from '../call/index.ts';

/** How far a call had come with the agent when it failed. */
export type Progress = 'unsent' | 'sent';

/** Codes of undici that mean the same whenever they come. */
const KNOWN: Readonly<Record<string, FailureCode>> = Object.assign(
  Object.create(null) as Record<string, FailureCode>,
  {
    UND_ERR_INVALID_ARG: 'INTERNAL',
    UND_ERR_NOT_SUPPORTED: 'INTERNAL',
    UND_ERR_DESTROYED: 'DRAINING',
    UND_ERR_CLOSED: 'DRAINING',
    UND_ERR_HEADERS_TIMEOUT: 'UPSTREAM_TIMEOUT',
    UND_ERR_REQ_CONTENT_LENGTH_MISMATCH: 'MALFORMED_REQUEST',
  } satisfies Record<string, FailureCode>,
);

/** Why there is no connection, in the words of whoever dials; undici carries only errors. */
export class DialFault extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.detail);
    this.name = 'DialFault';
    this.refusal = refusal;
  }
}

/** What broke our connections to the agent, as opposed to what the agent said on them. */
const BROKEN_SOCKET: ReadonlySet<string> = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

/**
 * Why a call got no answer. undici's own errors are not kept as a cause, because those of its parser carry bytes of the
 * answer.
 */
export function refusalOf(error: Error, progress: Progress): Refusal {
  if (error instanceof DialFault) return error.refusal;
  const code = codeOf(error);
  const known = KNOWN[code];
  if (known === 'INTERNAL' || error instanceof TypeError)
    return new Refusal('INTERNAL', error.message, error);
  if (known !== undefined) return new Refusal(known, error.message);
  const failure = progress === 'unsent' ? 'UPSTREAM_UNREACHABLE' : 'UPSTREAM_PROTOCOL';
  return new Refusal(failure, describe(error));
}

/** An answer that broke off after its head, for the sink that was receiving it. */
export function brokenAnswer(error: Error): Error {
  return new Error(`the agent broke off its answer: ${describe(error)}`);
}

/** For an answer that is not proper HTTP. */
export function malformed(what: string): Refusal {
  return new Refusal('UPSTREAM_PROTOCOL', `the agent's answer is malformed: ${what}`);
}

export function isBrokenSocket(error: Error): boolean {
  return BROKEN_SOCKET.has(codeOf(error));
}

function describe(error: Error): string {
  return error.message === '' ? codeOf(error) : error.message;
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
