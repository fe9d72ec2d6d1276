interface Era<T> {
  readonly value: T;
  /** When it was asked for; from then on it may be in force. */
  readonly from: number;
  /** When the sidecar was known to have it in force; undefined before that. */
  sure: number | undefined;
}

/**
 * Which value one thing had when. Between the wish for a change and the word that it is in force, it may have either; at
 * all other times one alone. Moments are milliseconds since the epoch.
 */
export class Timeline<T> {
  readonly #eras: Era<T>[];

  constructor(first: T) {
    this.#eras = [{ value: first, from: 0, sure: 0 }];
  }

  /** From now on it may be this; once what is returned was called, it is. */
  begin(value: T): () => void {
    const era: Era<T> = { value, from: Date.now(), sure: undefined };
    this.#eras.push(era);
    return () => (era.sure ??= Date.now());
  }

  /** Every value that it may have had at this moment. */
  at(moment: number): T[] {
    return this.#since(moment, ({ sure }) => sure !== undefined && sure < moment);
  }

  /** Every value that it may have had right after this moment, whose millisecond may have been longer than the change. */
  after(moment: number): T[] {
    return this.#since(moment, ({ sure }) => sure !== undefined && sure <= moment);
  }

  /** The moments, both included, between which and only at which that could have become another. */
  turns(from: number, until: number): number[] {
    const turns: number[] = [];
    for (const era of this.#eras.toReversed()) {
      for (const turn of [era.from, era.sure])
        if (turn !== undefined && turn >= from && turn <= until) turns.push(turn);
      if (era.sure !== undefined && era.sure < from) break;
    }
    return turns;
  }

  #since(moment: number, replaced: (era: Era<T>) => boolean): T[] {
    const found: T[] = [];
    for (const era of this.#eras.toReversed()) {
      if (era.from > moment) continue;
      found.push(era.value);
      if (replaced(era)) break;
    }
    return found;
  }
}
