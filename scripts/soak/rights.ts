/** What one agent may do, in one edition. */
export interface AgentRights {
  readonly scopes: readonly string[];
  readonly disabled: boolean;
  readonly killed: boolean;
}

/** Everything that decides: what the files say, or are just being changed to say. */
export interface Edition {
  readonly agents: ReadonlyMap<string, AgentRights>;
  /** Serials. */
  readonly revoked: ReadonlySet<string>;
}

interface Era {
  readonly edition: Edition;
  /** When the first file was touched; from then on it may be in force. */
  readonly from: number;
  /** When the sidecar was known to have it in force; undefined before that. */
  sure: number | undefined;
}

/**
 * Which edition was in force when. Between the writing of a change and the word that it is in force, a call may be judged
 * by either; at all other times by one alone.
 */
export class Rights {
  readonly #eras: Era[];

  constructor(first: Edition) {
    this.#eras = [{ edition: first, from: 0, sure: 0 }];
  }

  get latest(): Edition {
    return this.#last.edition;
  }

  begin(edition: Edition): void {
    this.#eras.push({ edition, from: Date.now(), sure: undefined });
  }

  sure(): void {
    this.#last.sure ??= Date.now();
  }

  /** Every edition that may have judged something between these moments. */
  possible(from: number, until: number): Edition[] {
    const found: Edition[] = [];
    for (let at = this.#eras.length - 1; at >= 0; at--) {
      const era = this.#eras[at];
      if (era === undefined) break;
      if (era.from <= until) found.push(era.edition);
      if (era.sure !== undefined && era.sure < from) break;
    }
    return found;
  }

  /** When, after `from`, an edition that `denies` came into force for sure. */
  endedAt(from: number, denies: (edition: Edition) => boolean): number | undefined {
    const begun = this.#eras.findLastIndex(({ sure }) => sure !== undefined && sure < from);
    const after = this.#eras.slice(begun + 1);
    const era = after.find(({ sure, edition }) => sure !== undefined && denies(edition));
    return era?.sure;
  }

  get #last(): Era {
    const last = this.#eras.at(-1);
    if (last === undefined) throw new TypeError('there is always a first era');
    return last;
  }
}

/** When the agent behind the sidecar was, or may have been, away. */
export class Crashes {
  readonly #windows: { from: number; until: number | undefined }[] = [];

  get count(): number {
    return this.#windows.length;
  }

  begin(): void {
    this.#windows.push({ from: Date.now(), until: undefined });
  }

  end(): void {
    const last = this.#windows.at(-1);
    if (last !== undefined) last.until = Date.now();
  }

  overlap(from: number, until: number): boolean {
    return this.#windows.some((one) => one.from <= until && (one.until ?? Infinity) >= from);
  }
}
