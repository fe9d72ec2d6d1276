/** How long a proof is remembered, in milliseconds: as long as one can be good, whatever the clock of its signer. */
export const REMEMBERED = 120_000;

/** Proofs at the most; and of one key, so that who holds one cannot use up the room of the others. */
export interface ReplayLimits {
  readonly all: number;
  readonly perKey: number;
}

const LIMITS: ReplayLimits = { all: 200_000, perKey: 50_000 };

interface Used {
  readonly key: string;
  readonly until: number;
}

/** Proofs that were used. Where there is no room to remember one, it is not taken: it could come a second time. */
export class UsedProofs {
  /** In the order in which they may be forgotten: each stays equally long. */
  readonly #used = new Map<string, Used>();
  readonly #counts = new Map<string, number>();
  readonly #limits: ReplayLimits;

  constructor(limits: ReplayLimits = LIMITS) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#used.size;
  }

  /** Remembers a proof by its key and what else makes it one, or says that it was used before, or that there is no room. */
  use(key: string, id: string, now: number): 'first' | 'again' | 'full' {
    this.#forget(now);
    const name = `${key} ${id}`;
    if (this.#used.has(name)) return 'again';
    const ofKey = this.#counts.get(key) ?? 0;
    if (this.#used.size >= this.#limits.all || ofKey >= this.#limits.perKey) return 'full';
    this.#used.set(name, { key, until: now + REMEMBERED });
    this.#counts.set(key, ofKey + 1);
    return 'first';
  }

  #forget(now: number): void {
    for (const [name, { key, until }] of this.#used) {
      if (now <= until) return;
      this.#used.delete(name);
      const left = (this.#counts.get(key) ?? 1) - 1;
      if (left === 0) this.#counts.delete(key);
      else this.#counts.set(key, left);
    }
  }
}
