import { Refusal } from '../call/index.ts';
import { OperatorFault, type Clock } from '../lib/index.ts';
import type { EndingTask, TaskDesk } from '../proxy/index.ts';
import type { Contexts, StartedTask } from '../state/index.ts';
import type { GrantedTask, TaskWish } from '../token/index.ts';

/** The token service, as far as work that outlives its call goes. Both reject with a Refusal. */
export interface TaskService {
  register(wish: TaskWish): Promise<GrantedTask>;
  end(grant: string): Promise<void>;
}

/**
 * The work that outlives its call, on both ways: the way in starts it, the way out goes on with it and ends it. What it
 * asks the token service goes by the way out, which comes to be after this.
 */
export class OutboundTasks implements TaskDesk {
  readonly #contexts: Contexts;
  readonly #now: Clock;
  #service: () => TaskService | undefined = () => undefined;

  constructor(contexts: Contexts, now: Clock) {
    this.#contexts = contexts;
    this.#now = now;
  }

  get full(): boolean {
    return this.#contexts.tasksFull;
  }

  /** Whom to ask, under the certificate of that moment; undefined: the configuration names no token service. */
  use(service: () => TaskService | undefined): void {
    this.#service = service;
  }

  readonly register = async (wish: TaskWish): Promise<StartedTask> => {
    const service = this.#service();
    if (service === undefined)
      throw new Refusal('TASK_REFUSED', "sidegate.yaml names no 'tokenService'");
    // Counted from the question, by a clock that nobody sets.
    const began = performance.now();
    const { grant, scopes, lifetime } = await service.register(wish);
    const left = lifetime - (performance.now() - began);
    const { name, audiences } = wish;
    return { name, grant, audiences, scopes, expiresAt: Math.floor(this.#now() + left) };
  };

  readonly keep = (handle: string, task: StartedTask): void => {
    const fault = this.#faultOf(handle, task);
    if (fault === undefined) return;
    this.giveBack(task);
    throw fault;
  };

  readonly giveBack = ({ grant }: Pick<StartedTask, 'grant'>): void => {
    // It ends by itself, and nobody has a handle to it.
    this.#service()
      ?.end(grant)
      .catch(() => undefined);
  };

  readonly breakOff = (handle: string): void => {
    this.end(handle)?.over.catch(() => undefined);
  };

  /** Undefined if the handle stands for no work that goes on, or of which the token service is still to be told. */
  readonly end = (handle: string): EndingTask | undefined => {
    const context = this.#contexts.endTask(handle);
    return context && { context, over: this.#over(handle, context.task.grant) };
  };

  async #over(handle: string, grant: string): Promise<void> {
    const service = this.#service();
    if (service === undefined)
      throw new Refusal('TOKEN_SERVICE_UNAVAILABLE', "sidegate.yaml names no 'tokenService'");
    await service.end(grant);
    this.#contexts.forgetTask(handle);
  }

  #faultOf(handle: string, task: StartedTask): Refusal | undefined {
    try {
      const kept = this.#contexts.keepTask(handle, task);
      return kept ? undefined : new Refusal('TASK_REFUSED', 'as many tasks go on as may');
    } catch (error) {
      if (!(error instanceof OperatorFault)) throw error;
      return new Refusal('TASK_REFUSED', error.message, error);
    }
  }
}
