import { randomBase64url, type Authority, type PinnedPolicy, type Task } from '../call/index.ts';
import { systemClock, type Clock, type Secret } from '../lib/index.ts';
import { keyOf } from './handle-key.ts';
import { Tasks, type EndedTask, type TaskContext } from './tasks.ts';

/** What is kept of an inbound call for the calls that the agent makes because of it. */
export interface Kept {
  /** The calling agent's name in the policy. */
  readonly agent: string;
  readonly callId: string;
  /** What the caller's token proved; undefined if it sent none, or is not to be helped with it. */
  readonly authority: Authority | undefined;
  readonly token: Secret | undefined;
  /** The policy that let the call in. */
  readonly policy: PinnedPolicy;
}

export interface ContextsOptions {
  /** Calls under way at the most; of those that have ended, four times as many are remembered. Default 10,000. */
  readonly cap?: number;
  /** For how long a handle goes on to work after its call has come to its end, in milliseconds. Default 30 s. */
  readonly grace?: number;
  /** Where the work is kept that outlives its call; in memory, if left out. */
  readonly tasks?: Tasks;
}

/** Work that is to go on after its call. */
export interface StartedTask extends Task {
  /** What the token service granted. */
  readonly scopes: readonly string[];
  /** Milliseconds since the epoch, exclusive. */
  readonly expiresAt: number;
}

/** The inbound calls that are under way, and the work that outlives them, by the handle that the agent got of each. */
export interface Contexts {
  /** A new handle: 43 characters of base64url, 256 random bits; undefined if as many calls are under way as may be. */
  issue(kept: Kept): string | undefined;
  /** What is kept under a handle; `ended` where that is still known of one, else `unknown`. */
  find(handle: string): Kept | TaskContext | 'ended' | 'unknown';
  /** The call has come to its end. What the agent does because of it gets the grace. Again does nothing. */
  end(handle: string): void;
  /** The right to the call has ended: the handle is worth nothing from now on. */
  revoke(handle: string): void;
  /** Whether no more work of this caller may outlive its call; `waiting`: those for whom some is being registered. */
  tasksFullFor(agent: string, waiting: readonly string[]): boolean;
  /**
   * From now on the handle of a call under way stands for this work, whatever becomes of the call; its token is let go.
   *
   * @returns false if there is too much such work
   * @throws OperatorFault if it cannot be written down; TypeError if there is no such call, or none with a token
   */
  keepTask(handle: string, task: StartedTask): boolean;
  /** The work has ended: the handle is worth nothing from now on. Gives it until it is forgotten, else undefined. */
  endTask(handle: string): TaskContext | undefined;
  /** Its grant has ended, too. */
  forgetTask(handle: string): void;
  /** Work that has ended, and of whose grants the token service is still to be told. */
  readonly endedTasks: readonly EndedTask[];
  /** The same as `forgetTask`, of one of these. */
  forgetEnded(task: Pick<EndedTask, 'key'>): void;
  /** Ends all work that would not outlive this process. */
  endTasks(): void;
  /** Lets go of what has outlived its grace; to be called now and then, so that no token lies in an idle process. */
  sweep(): void;
  clear(): void;
  readonly size: number;
}

/** `now` is milliseconds on a clock that only goes forward. */
export function createContexts(now: Clock, options: ContextsOptions = {}): Contexts {
  return new HashedContexts(now, options);
}

const BYTES = 32;
const HANDLE = /^[A-Za-z0-9_-]{43}$/;
const ENDED_PER_LIVE = 4;
/** For how long an ended handle is told from an unknown one. */
const REMEMBERED = 10 * 60_000;

interface Ended {
  readonly kept: Kept;
  readonly at: number;
}

/**
 * Kept by the SHA-256 of the handle: how long a lookup takes says nothing about handles that are nearly right, and no
 * handle can be read out of the table.
 */
class HashedContexts implements Contexts {
  readonly #now: Clock;
  readonly #cap: number;
  readonly #grace: number;
  readonly #tasks: Tasks;
  readonly #live = new Map<string, Kept>();
  /** In their grace, in the order in which they ended. */
  readonly #ended = new Map<string, Ended>();
  /** When those ended that are worth nothing any more, in that order. */
  readonly #gone = new Map<string, number>();

  constructor(now: Clock, { cap = 10_000, grace = 30_000, tasks }: ContextsOptions) {
    if (cap < 1) throw new TypeError('contexts need room for one call');
    this.#now = now;
    this.#cap = cap;
    this.#grace = grace;
    this.#tasks = tasks ?? new Tasks({ now: systemClock, tick: now });
  }

  tasksFullFor(agent: string, waiting: readonly string[]): boolean {
    return this.#tasks.isFullFor(agent, waiting);
  }

  get size(): number {
    return this.#live.size + this.#ended.size + this.#gone.size;
  }

  issue(kept: Kept): string | undefined {
    if (this.#live.size >= this.#cap) return undefined;
    const handle = randomBase64url(BYTES);
    this.#live.set(keyOf(handle), kept);
    return handle;
  }

  find(handle: string): Kept | TaskContext | 'ended' | 'unknown' {
    if (!HANDLE.test(handle)) return 'unknown';
    const key = keyOf(handle);
    const live = this.#live.get(key) ?? this.#tasks.find(key);
    if (live !== undefined) return live;
    const ended = this.#ended.get(key);
    if (ended === undefined) return this.#gone.has(key) ? 'ended' : 'unknown';
    return this.#now() < ended.at + this.#grace ? ended.kept : 'ended';
  }

  end(handle: string): void {
    const key = keyOf(handle);
    const kept = this.#live.get(key);
    if (kept === undefined) return;
    this.#live.delete(key);
    this.#ended.set(key, { kept, at: this.#now() });
    this.#forgetOne();
  }

  revoke(handle: string): void {
    const key = keyOf(handle);
    const known = this.#live.delete(key) || this.#ended.delete(key);
    if (known) this.#gone.set(key, this.#now());
    this.#forgetOne();
  }

  keepTask(handle: string, { scopes, expiresAt, ...task }: StartedTask): boolean {
    const key = keyOf(handle);
    const kept = this.#live.get(key);
    if (kept?.authority === undefined) throw new TypeError('a task begins in a call with a token');
    const { agent, callId } = kept;
    const { issuer, subject, actors, tokenId, onBehalf } = kept.authority;
    const proven = { subject, actors, tokenId, onBehalf, scopes: new Set(scopes), expiresAt };
    const authority = { ...proven, issuer: { name: issuer.name, issuer: issuer.issuer } };
    if (!this.#tasks.add(key, { agent, callId, authority, token: undefined, task })) return false;
    this.#live.delete(key);
    return true;
  }

  endTask(handle: string): TaskContext | undefined {
    return this.#tasks.end(keyOf(handle));
  }

  get endedTasks(): readonly EndedTask[] {
    return this.#tasks.waiting;
  }

  endTasks(): void {
    this.#tasks.endAll();
  }

  forgetTask(handle: string): void {
    this.forgetEnded({ key: keyOf(handle) });
  }

  forgetEnded({ key }: Pick<EndedTask, 'key'>): void {
    if (!this.#tasks.forget(key)) return;
    this.#gone.set(key, this.#now());
    this.#forgetOne();
  }

  sweep(): void {
    this.#tasks.sweep();
    const now = this.#now();
    for (const [key, { at }] of this.#ended) {
      if (now < at + this.#grace) break;
      this.#ended.delete(key);
      this.#gone.set(key, now);
    }
    for (const [key, at] of this.#gone) {
      if (now < at + REMEMBERED) return;
      this.#gone.delete(key);
    }
  }

  clear(): void {
    this.#live.clear();
    this.#ended.clear();
    this.#gone.clear();
    this.#tasks.clear();
  }

  /** Where there is no room, one that is worth nothing goes first, then what is left of the oldest grace. */
  #forgetOne(): void {
    if (this.#ended.size + this.#gone.size <= ENDED_PER_LIVE * this.#cap) return;
    const from = this.#gone.size > 0 ? this.#gone : this.#ended;
    for (const oldest of from.keys()) return void from.delete(oldest);
  }
}
