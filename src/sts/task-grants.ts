import { z } from 'zod';
import { newCallId } from '../call/index.ts';
import { readTextIfThere, writeFileAtomic } from '../files/index.ts';
import { OperatorFault, type Clock } from '../lib/index.ts';
import type { Delegation } from './delegation.ts';
import { TokenRefusal } from './refusal.ts';

const MAX = 10_000;
const MAX_OF_CLIENT = 500;

const principalShape = z.strictObject({ issuer: z.string(), subject: z.string() });
const grantShape = z.strictObject({
  id: z.string(),
  /** What the client calls the work. */
  task: z.string(),
  /** SPIFFE ID of the agent that may renew. */
  client: z.string(),
  subject: z.string(),
  actors: z.array(principalShape).readonly(),
  scopes: z.array(z.string()).readonly(),
  audiences: z.array(z.string()).readonly(),
  /** Milliseconds since the epoch. */
  since: z.int(),
  expiresAt: z.int(),
});
const fileShape = z.strictObject({ version: z.literal(1), grants: z.array(grantShape) });

/** Authority for work that outlives the call it came with. It names no token and holds no secret. */
export type TaskGrant = Readonly<z.infer<typeof grantShape>>;

export interface TaskGrantsOptions {
  /** Where they are kept; without it, none are given. */
  readonly file: string | undefined;
  readonly now: Clock;
}

/**
 * The live task grants, kept in a file so that a restart ends no task. A bound on their number and on each one's life
 * keeps both in bounds.
 */
export class TaskGrants {
  readonly #file: string | undefined;
  readonly #now: Clock;
  #grants: ReadonlyMap<string, TaskGrant>;
  /** One ended, and the file does not say so yet: a restart would let it live again. */
  #unwritten = false;

  /** @throws OperatorFault if the file is there and cannot be understood: what was revoked must not live again by a guess */
  constructor({ file, now }: TaskGrantsOptions) {
    this.#file = file;
    this.#now = now;
    this.#grants = file === undefined ? new Map() : readGrants(file);
  }

  /** Whether there is a file to keep them in. */
  get enabled(): boolean {
    return this.#file !== undefined;
  }

  /** Those that live. */
  get list(): readonly TaskGrant[] {
    const now = this.#now();
    return [...this.#grants.values()].filter(({ expiresAt }) => now < expiresAt);
  }

  /** The ID of one that was given; undefined for what is just a text of the caller's. */
  known(id: string): string | undefined {
    return this.#grants.has(id) ? id : undefined;
  }

  /**
   * What the grant hands to its client, for as long as it lives.
   *
   * @throws TokenRefusal; all that is wrong is told alike, so that nobody learns of another's tasks
   */
  delegation(id: string, client: string): Delegation {
    const grant = this.#grants.get(id);
    if (grant?.client !== client || this.#now() >= grant.expiresAt) throw notLive('invalid_grant');
    const { subject, actors, audiences, expiresAt } = grant;
    return { subject, actors, audiences, expiresAt, scopes: new Set(grant.scopes) };
  }

  /**
   * Gives a grant once it is written down.
   *
   * @throws TokenRefusal if there are too many; OperatorFault if it cannot be written
   */
  register(fields: Omit<TaskGrant, 'id' | 'since'>): TaskGrant {
    const live = this.list;
    const own = live.filter(({ client }) => client === fields.client);
    if (live.length >= MAX || own.length >= MAX_OF_CLIENT)
      throw new TokenRefusal('temporarily_unavailable', 'there are too many task grants');
    const grant = { ...fields, id: `task-${newCallId()}`, since: this.#now() };
    this.#write([...live, grant]);
    return grant;
  }

  /**
   * Ends a grant, at once and also where it throws; then it is written when it is asked for again. False if there was none.
   *
   * @throws OperatorFault if it could not be written, so that a restart would forget it
   */
  revoke(id: string): boolean {
    const known = this.#grants.has(id);
    if (!known && !this.#unwritten) return false;
    const left = this.list.filter((grant) => grant.id !== id);
    this.#grants = byId(left);
    this.#unwritten = true;
    this.#write(left);
    return known;
  }

  /**
   * Ends a grant that its client gives back.
   *
   * @throws TokenRefusal, the same whatever is wrong; OperatorFault as `revoke` does
   */
  giveBack(id: string, client: string): TaskGrant {
    const grant = this.#grants.get(id);
    if (this.#unwritten) this.#write(this.list);
    if (grant?.client !== client || this.#now() >= grant.expiresAt)
      throw notLive('invalid_request');
    this.revoke(id);
    return grant;
  }

  #write(grants: readonly TaskGrant[]): void {
    if (this.#file === undefined) throw new TypeError('task grants without a file');
    const text = JSON.stringify({ version: 1, grants });
    writeFileAtomic(this.#file, `${text}\n`, { mode: 0o600, existing: 'replace' });
    this.#grants = byId(grants);
    this.#unwritten = false;
  }
}

/** `invalid_grant` says nothing but this (RFC 6749, 5.2): by it a client knows that the grant is worth nothing any more. */
function notLive(code: 'invalid_grant' | 'invalid_request'): TokenRefusal {
  return new TokenRefusal(code, 'no live task grant of this agent has that ID');
}

function byId(grants: readonly TaskGrant[]): ReadonlyMap<string, TaskGrant> {
  return new Map(grants.map((grant) => [grant.id, grant]));
}

function readGrants(file: string): ReadonlyMap<string, TaskGrant> {
  const text = readTextIfThere(file, 'the task grants');
  if (text === undefined) return new Map();
  try {
    return byId(fileShape.parse(JSON.parse(text)).grants);
  } catch (cause) {
    throw new OperatorFault(
      `the task grants ${file} are broken, so nobody knows which were revoked`,
      'Restore the file; or remove it, which ends every task that goes on with one.',
      { cause },
    );
  }
}
