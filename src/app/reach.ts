import { Refusal } from '../call/index.ts';
import type { Upstream } from '../upstream/index.ts';

/** Whether the token service gave an answer that can be used, when it was last asked: nobody else asks it. */
export class ServiceReach {
  reached = true;

  /** What was asked for, as it came. */
  async during<T>(asked: Promise<T>): Promise<T> {
    try {
      const given = await asked;
      this.reached = true;
      return given;
    } catch (error) {
      this.reached = !(error instanceof Refusal && error.code === 'TOKEN_SERVICE_UNAVAILABLE');
      throw error;
    }
  }
}

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
