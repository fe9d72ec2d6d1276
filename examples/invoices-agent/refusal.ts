import type { OutgoingHttpHeaders } from 'node:http';

interface RefusalOptions {
  /** What is wrong with which field. */
  readonly issues?: readonly unknown[];
  readonly headers?: OutgoingHttpHeaders;
}

/** What a handler throws when the caller's request cannot be served: a status and one sentence. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: number;
  readonly issues: readonly unknown[] | undefined;
  readonly headers: OutgoingHttpHeaders;

  constructor(status: number, message: string, { issues, headers = {} }: RefusalOptions = {}) {
    super(message);
    this.status = status;
    this.issues = issues;
    this.headers = headers;
  }
}
