import { z } from 'zod';
import { readTextIfThere, writeFileAtomic } from '../files/index.ts';
import { OperatorFault } from '../lib/index.ts';

const entryShape = z.strictObject({
  /** ISO 8601. */
  since: z.iso.datetime(),
  /** Who the command said was asking. */
  by: z.string(),
});
const fileShape = z.strictObject({
  version: z.literal(1),
  killed: z.record(z.string(), entryShape),
});

/** Since when an agent is killed, and who did it. */
export type Killed = Readonly<z.infer<typeof entryShape>>;

/**
 * The agents that the operator has killed, by name. Kept in a file, so that a restart does not let them in again; whether
 * the policy has such an agent is not asked, for it may come.
 */
export class KillSwitch {
  readonly #file: string | undefined;
  #killed: ReadonlyMap<string, Killed>;

  /**
   * @param file without one, nobody can be killed
   * @throws OperatorFault if the file is there and cannot be understood: who is in it must not be let in by a guess
   */
  constructor(file: string | undefined) {
    this.#file = file;
    this.#killed = file === undefined ? new Map() : readKilled(file);
  }

  get list(): ReadonlyMap<string, Killed> {
    return this.#killed;
  }

  has(agent: string): boolean {
    return this.#killed.has(agent);
  }

  /**
   * Holds from this moment on, also where it throws. Who is killed already stays as it was.
   *
   * @throws OperatorFault if it could not be written, so that a restart would forget it
   */
  kill(agent: string, entry: Killed): void {
    if (!this.has(agent)) this.#killed = new Map([...this.#killed, [agent, entry]]);
    this.#write(this.#killed);
  }

  /** @throws OperatorFault if it could not be written; then the agent stays killed */
  lift(agent: string): void {
    const left = new Map([...this.#killed].filter(([name]) => name !== agent));
    this.#write(left);
    this.#killed = left;
  }

  #write(killed: ReadonlyMap<string, Killed>): void {
    if (this.#file === undefined) throw new TypeError('a kill switch without a file');
    const text = JSON.stringify({ version: 1, killed: Object.fromEntries(killed) }, null, 2);
    writeFileAtomic(this.#file, `${text}\n`, { mode: 0o600, existing: 'replace' });
  }
}

function readKilled(file: string): ReadonlyMap<string, Killed> {
  const text = readTextIfThere(file, 'the list of killed agents');
  if (text === undefined) return new Map();
  try {
    return new Map(Object.entries(fileShape.parse(JSON.parse(text)).killed));
  } catch (cause) {
    throw new OperatorFault(
      `the list of killed agents ${file} is broken, so nobody knows who must not be let in`,
      'Restore it; or remove it, start, and kill those agents again: sidegate kill NAME.',
      { cause },
    );
  }
}
