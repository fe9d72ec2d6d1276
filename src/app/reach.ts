import { Refusal } from '../call/index.ts';
import type { Upstream } from '../upstream/index.ts';

/** Sends calls to the agent, and remembers whether the last one reached it: nobody else asks. */
export class Reach {
  #reached = true;
  readonly #upstream: Upstream;

  constructor(upstream: Upstream) {
    this.#upstream = upstream;
  }

  get reached(): boolean {
    return this.#reached;
  }

  readonly send: Upstream['send'] = (request) => {
    const call = this.#upstream.send(request);
    call.reply.then(
      () => (this.#reached = true),
      (error: unknown) => {
        if (error instanceof Refusal) this.#reached = error.code !== 'UPSTREAM_UNREACHABLE';
      },
    );
    return call;
  };
}
