export interface PlacesOptions {
  /** Places in all. */
  readonly total: number;
  /** Of these, of one holder. */
  readonly each: number;
}

/** Of the places, those that are kept back for holders with few: one in so many. */
const RESERVE = 10;
/** Of those that are left of them, what one holder may have: again one in so many, or who comes first takes most. */
const SHARE = 16;

/**
 * A bounded number of places that a few holders cannot take from the others. Of the last tenth, a holder gets one only
 * while it has none, or fewer than a sixteenth of what is left: it takes very many holders to shut a new one out.
 *
 * Holders are names that were verified; one that holds nothing is forgotten.
 */
export class Places {
  readonly #total: number;
  readonly #each: number;
  readonly #reserve: number;
  readonly #held = new Map<string, number>();
  #taken = 0;

  constructor({ total, each }: PlacesOptions) {
    this.#total = total;
    this.#each = each;
    this.#reserve = Math.floor(total / RESERVE);
  }

  /** Places that are taken. */
  get taken(): number {
    return this.#taken;
  }

  get full(): boolean {
    return this.#taken >= this.#total;
  }

  /** How many hold any. */
  get holders(): number {
    return this.#held.size;
  }

  /** Takes a place; or, if there is none for this holder, says for the operator why. */
  take(holder: string): string | undefined {
    const held = this.#held.get(holder) ?? 0;
    const left = this.#total - this.#taken;
    const most = left <= this.#reserve ? Math.ceil(left / SHARE) : this.#each;
    if (left === 0 || held >= Math.min(most, this.#each))
      return `${held} of this agent, ${this.#taken} in all`;
    this.#held.set(holder, held + 1);
    this.#taken += 1;
    return undefined;
  }

  /** To be called once for each place that was taken. */
  giveBack(holder: string): void {
    const held = this.#held.get(holder);
    if (held === undefined) throw new TypeError('a place that nobody holds');
    if (held === 1) this.#held.delete(holder);
    else this.#held.set(holder, held - 1);
    this.#taken -= 1;
  }
}
