import type { ActingFor, CallContext, Task } from '../call/index.ts';
import type { Clock } from '../lib/index.ts';
import { readTasks, writeTasks, type WrittenTask } from './task-file.ts';

/** What is kept of work that outlives its call: for whom it is, and the grant by which it goes on. */
export interface TaskContext extends CallContext {
  /** `scopes` and `expiresAt` are those of the grant. */
  readonly authority: ActingFor;
  readonly token: undefined;
  readonly task: Task;
}

export interface TasksOptions {
  /** Where they are kept over a restart; without it they live in memory. */
  readonly file?: string | undefined;
  /** Milliseconds since the epoch. */
  readonly now: Clock;
  /** Milliseconds on a clock that only goes forward. */
  readonly tick: Clock;
  /** Tasks that go on at the most; as many more may wait for the token service to be told of their end. Default 500. */
  readonly cap?: number;
  readonly onCount?: (live: number) => void;
  /** Told when the end of a task could not be written down. */
  readonly complain?: (fault: unknown) => void;
}

/** As many as the token service grants to one agent. */
const CAP = 500;

/** By the SHA-256 of its handle. */
export interface EndedTask {
  readonly key: string;
  readonly grant: string;
}

interface Entry {
  readonly context: TaskContext;
  readonly since: number;
  /** On the clock that only goes forward: a clock that is set back makes no task longer. */
  readonly lastTick: number;
  ended: boolean;
}

/** The tasks of this sidecar, by the SHA-256 of their handles. Both clocks end one, whichever is first. */
export class Tasks {
  readonly #options: TasksOptions;
  readonly #cap: number;
  readonly #entries = new Map<string, Entry>();
  /** What is in memory is not what is in the file. */
  #unwritten = false;
  #closed = false;

  /** @throws OperatorFault if the file is there and cannot be understood */
  constructor(options: TasksOptions) {
    this.#options = options;
    this.#cap = options.cap ?? CAP;
    const { file, now, tick } = options;
    const written = file === undefined ? [] : readTasks(file);
    for (const one of written) {
      // A clock that was set back while nobody was looking gives no more than the whole life once again.
      const left = one.endsAt - Math.max(now(), one.since);
      const entry = { ...entryOf(one), lastTick: tick() + left };
      if (left > 0) this.#entries.set(one.handle, entry);
      else this.#unwritten = true;
    }
    this.#count();
  }

  /**
   * Whether no work of this caller may begin: none has more than is left for all others together, so that a few cannot
   * take every place. `waiting`: callers for whom work is being registered.
   */
  isFullFor(agent: string, waiting: readonly string[] = []): boolean {
    const callers = [...this.#live.map(({ context }) => context.agent), ...waiting];
    const own = callers.filter((one) => one === agent).length;
    return own >= this.#cap - callers.length;
  }

  /**
   * Keeps one that begins now, once it is written down.
   *
   * @returns false if as many of its caller go on as may
   * @throws OperatorFault if it cannot be written; then it does not begin
   */
  add(key: string, context: TaskContext): boolean {
    if (this.#closed || this.isFullFor(context.agent)) return false;
    const { now, tick } = this.#options;
    const since = now();
    const lastTick = tick() + context.authority.expiresAt - since;
    this.#entries.set(key, { context, since, lastTick, ended: false });
    try {
      this.#write();
    } catch (error) {
      this.#entries.delete(key);
      throw error;
    }
    this.#count();
    return true;
  }

  find(key: string): TaskContext | 'ended' | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (this.#isOver(entry)) {
      // At once, or a clock that is set back would let it go on.
      this.#letGo(key, entry);
      this.#changed();
      return 'ended';
    }
    return entry.ended ? 'ended' : entry.context;
  }

  /** From now on it is worth nothing. Gives it, for the token service to be told; undefined if there is none. */
  end(key: string): TaskContext | undefined {
    if (this.find(key) === undefined) return undefined;
    const entry = this.#entries.get(key);
    if (entry !== undefined && this.#isOver(entry)) return undefined;
    if (entry === undefined || entry.ended) return entry?.context;
    entry.ended = true;
    this.#forgetOne();
    this.#changed();
    return entry.context;
  }

  /** Its grant is over as well. Whether there was one. */
  forget(key: string): boolean {
    const known = this.#entries.delete(key);
    if (known) this.#changed();
    return known;
  }

  /** Lets go of those whose time is over; to be called now and then. */
  sweep(): void {
    let changed = this.#unwritten;
    for (const [key, entry] of this.#entries) {
      if (!this.#isOver(entry) || (entry.ended && !this.#isOverByTick(entry))) continue;
      this.#letGo(key, entry);
      changed = true;
    }
    if (changed) this.#changed();
  }

  /** Those that have ended, and of whose grants the token service is still to be told. */
  get waiting(): readonly EndedTask[] {
    return [...this.#entries]
      .filter(([, { ended }]) => ended)
      .map(([key, { context }]) => ({ key, grant: context.task.grant }));
  }

  /** Where they live in memory: all end, for nobody would know of them again. */
  endAll(): void {
    if (this.#options.file !== undefined) return;
    for (const entry of this.#entries.values()) entry.ended = true;
    this.#count();
  }

  /** Begins none any more, and leaves the file as it is. */
  clear(): void {
    this.#closed = true;
    this.#entries.clear();
    this.#count();
  }

  #isOver(entry: Entry): boolean {
    return this.#options.now() >= entry.context.authority.expiresAt || this.#isOverByTick(entry);
  }

  #isOverByTick({ lastTick }: Entry): boolean {
    return this.#options.tick() >= lastTick;
  }

  /** One that ends only by a clock that was set may have a grant that lives on: the token service is to be told. */
  #letGo(key: string, entry: Entry): void {
    if (this.#isOverByTick(entry)) this.#entries.delete(key);
    else entry.ended = true;
    this.#forgetOne();
  }

  /** Where too many wait for the token service, the first of them waits no more: its grant ends by itself. */
  #forgetOne(): void {
    const waiting = [...this.#entries].filter(([, { ended }]) => ended);
    const [oldest] = waiting;
    if (waiting.length > this.#cap && oldest !== undefined) this.#entries.delete(oldest[0]);
  }

  /** An end holds whether it can be written or not; it is tried again with the next sweep. */
  #changed(): void {
    this.#count();
    try {
      this.#write();
    } catch (fault) {
      if (!this.#unwritten) this.#options.complain?.(fault);
      this.#unwritten = true;
    }
  }

  #write(): void {
    const { file } = this.#options;
    if (file !== undefined && !this.#closed) writeTasks(file, [...this.#entries].map(writtenOf));
    this.#unwritten = false;
  }

  get #live(): readonly Entry[] {
    return [...this.#entries.values()].filter(({ ended }) => !ended);
  }

  #count(): void {
    this.#options.onCount?.(this.#live.length);
  }
}

function writtenOf([handle, { context, since, ended }]: readonly [string, Entry]): WrittenTask {
  const { agent, callId, authority, task } = context;
  const { issuer, subject, actors, onBehalf, tokenId, scopes, expiresAt } = authority;
  return {
    ...{ handle, task: task.name, grant: task.grant, audiences: [...task.audiences] },
    ...{ agent, callId, onBehalf, tokenId, since, endsAt: expiresAt, ended },
    issuer: { name: issuer.name, issuer: issuer.issuer },
    subject: plain(subject),
    actors: actors.map(plain),
    scopes: [...scopes],
  };
}

function plain({ issuer, subject }: ActingFor['subject']): ActingFor['subject'] {
  return { issuer, subject };
}

function entryOf(written: WrittenTask): Omit<Entry, 'lastTick'> {
  const { task: name, grant, audiences, agent, callId, since, endsAt, ended } = written;
  const { issuer, subject, actors, onBehalf, tokenId, scopes } = written;
  const about = { issuer, subject, actors, onBehalf, tokenId };
  const authority = { ...about, scopes: new Set(scopes), expiresAt: endsAt };
  const task = { name, grant, audiences };
  return { context: { agent, callId, authority, token: undefined, task }, since, ended };
}
