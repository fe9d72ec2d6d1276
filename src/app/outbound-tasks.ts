import { setTimeout as pause } from 'node:timers/promises';
import { Refusal } from '../call/index.ts';
import { OperatorFault, type Clock } from '../lib/index.ts';
import type { EndingTask, TaskDesk } from '../proxy/index.ts';
import type { Contexts, StartedTask } from '../state/index.ts';
import type { GrantedTask, TaskWish } from '../token/index.ts';

/** A caller that leaves has its place again at once: so many questions of its calls may be left with the token service. */
const ABANDONED = 8;
/** Milliseconds until the token service is told again, after it could not be. */
const AGAIN_AFTER = 10_000;
const OWED = 1000;
const FULL = 'as many tasks go on as may, in all or of this agent';

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
  readonly #tick: Clock;
  /** By their callers, once for each: what is being registered, and of this what no call waits for any more. */
  readonly #registering: string[] = [];
  readonly #abandoned: string[] = [];
  /** Grants that no work has, and of which the token service is to be told. */
  readonly #owed = new Set<string>();
  readonly #ending = new Set<string>();
  #notBefore = 0;
  #telling = false;
  #service: () => TaskService | undefined = () => undefined;

  constructor(contexts: Contexts, now: Clock, tick: Clock = () => performance.now()) {
    this.#contexts = contexts;
    this.#now = now;
    this.#tick = tick;
  }

  /** Whom to ask, under the certificate of that moment; undefined: the configuration names no token service. */
  use(service: () => TaskService | undefined): void {
    this.#service = service;
  }

  readonly register = async (wish: TaskWish, agent: string): Promise<StartedTask> => {
    const service = this.#service();
    if (service === undefined)
      throw new Refusal('TASK_REFUSED', "sidegate.yaml names no 'tokenService'");
    if (this.#contexts.tasksFullFor(agent, this.#registering))
      throw new Refusal('TASK_REFUSED', FULL);
    if (this.#abandoned.filter((one) => one === agent).length >= ABANDONED)
      throw new Refusal(
        'TASK_REFUSED',
        'too many calls of this agent ended while it was registered',
      );
    this.#registering.push(agent);
    try {
      return await this.#register(service, wish);
    } finally {
      removeOne(this.#registering, agent);
    }
  };

  readonly abandon = (asked: Promise<StartedTask>, agent: string): void => {
    this.#abandoned.push(agent);
    void asked
      .then(this.giveBack, () => undefined)
      .finally(() => removeOne(this.#abandoned, agent));
  };

  async #register(service: TaskService, wish: TaskWish): Promise<StartedTask> {
    // Counted from the question, by a clock that nobody sets.
    const began = performance.now();
    const { grant, scopes, lifetime } = await service.register(wish);
    const left = lifetime - (performance.now() - began);
    const { name, audiences } = wish;
    return { name, grant, audiences, scopes, expiresAt: Math.floor(this.#now() + left) };
  }

  readonly keep = (handle: string, task: StartedTask): void => {
    const fault = this.#faultOf(handle, task);
    if (fault === undefined) return;
    this.giveBack(task);
    throw fault;
  };

  readonly giveBack = ({ grant }: Pick<StartedTask, 'grant'>): void => {
    // Nobody has a handle to it; but it counts among those that this sidecar may have.
    if (this.#owed.size < OWED) this.#owed.add(grant);
    void this.#give(grant).catch(() => undefined);
  };

  /** Tells the token service again of what it could not be told; to be called now and then. */
  readonly tell = async (): Promise<void> => {
    if (this.#telling || this.#tick() < this.#notBefore) return;
    this.#telling = true;
    try {
      for (const ended of this.#contexts.endedTasks) {
        if (this.#ending.has(ended.grant)) continue;
        await this.#give(ended.grant);
        this.#contexts.forgetEnded(ended);
      }
      for (const grant of this.#owed) if (!this.#ending.has(grant)) await this.#give(grant);
    } catch {
      // Later again.
    } finally {
      this.#telling = false;
    }
  };

  /** What would be forgotten with this process is given back. */
  async leave(within: number): Promise<void> {
    this.#contexts.endTasks();
    this.#notBefore = 0;
    const stop = new AbortController();
    const late = pause(within, undefined, { signal: stop.signal }).catch(() => undefined);
    await Promise.race([this.tell(), late]);
    stop.abort();
  }

  readonly breakOff = (handle: string): void => {
    this.end(handle)?.over.catch(() => undefined);
  };

  /** Undefined if the handle stands for no work that goes on, or of which the token service is still to be told. */
  readonly end = (handle: string): EndingTask | undefined => {
    const context = this.#contexts.endTask(handle);
    return context && { context, over: this.#over(handle, context.task.grant) };
  };

  async #over(handle: string, grant: string): Promise<void> {
    await this.#give(grant);
    this.#contexts.forgetTask(handle);
  }

  async #give(grant: string): Promise<void> {
    const service = this.#service();
    if (service === undefined)
      throw new Refusal('TOKEN_SERVICE_UNAVAILABLE', "sidegate.yaml names no 'tokenService'");
    this.#ending.add(grant);
    try {
      await service.end(grant);
      this.#owed.delete(grant);
    } catch (error) {
      this.#notBefore = this.#tick() + AGAIN_AFTER;
      throw error;
    } finally {
      this.#ending.delete(grant);
    }
  }

  #faultOf(handle: string, task: StartedTask): Refusal | undefined {
    try {
      const kept = this.#contexts.keepTask(handle, task);
      return kept ? undefined : new Refusal('TASK_REFUSED', FULL);
    } catch (error) {
      if (!(error instanceof OperatorFault)) throw error;
      return new Refusal('TASK_REFUSED', error.message, error);
    }
  }
}

function removeOne(list: string[], one: string): void {
  list.splice(list.indexOf(one), 1);
}
