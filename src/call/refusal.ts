import { FAILURES, type Failure, type FailureCode } from './failures.ts';

/** Detail of an AGENT_DISABLED that the operator's kill switch made, and not the policy. */
export const KILLED = 'killed by the operator';

/**
 * A call that ends here. Thrown by a stage and answered in one place; it is no Error, because nothing is broken and a
 * flood of refusals should not pay for stack traces.
 */
export class Refusal {
  readonly code: FailureCode;
  /** For the operator only: what exactly was wrong. Never a token, key or body. */
  readonly detail: string;
  readonly cause: unknown;

  constructor(code: FailureCode, detail = '', cause?: unknown) {
    this.code = code;
    this.detail = detail;
    this.cause = cause;
  }

  get failure(): Failure {
    return FAILURES[this.code];
  }
}
