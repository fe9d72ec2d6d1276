/** One child of a metric for each combination of label values. */
type Branch<T> = Map<string, Branch<T> | T>;

/**
 * The children of a metric by their label values, each made on first use. Looking one up hashes no string that was not
 * hashed before, because names come from the policy and codes from the catalogue. Over `cap`, what is new shares the
 * cells that `overflow` names, so that a policy which changes for ever cannot fill the memory or the scrape.
 */
export class Cells<T extends object> {
  readonly #root: Branch<T> = new Map();
  readonly #make: (labels: readonly string[]) => T;
  readonly #overflow: (labels: readonly string[]) => readonly string[];
  readonly #cap: number;
  #count = 0;

  constructor(options: {
    readonly cap: number;
    readonly make: (labels: readonly string[]) => T;
    readonly overflow: (labels: readonly string[]) => readonly string[];
  }) {
    this.#cap = options.cap;
    this.#make = options.make;
    this.#overflow = options.overflow;
  }

  get(...labels: readonly string[]): T {
    const cell = this.#find(labels);
    if (cell !== undefined) return cell;
    if (this.#count < this.#cap) return this.#add(labels);
    const shared = this.#overflow(labels);
    return this.#find(shared) ?? this.#add(shared);
  }

  #find(labels: readonly string[]): T | undefined {
    let at: Branch<T> | T | undefined = this.#root;
    for (const label of labels) at = at instanceof Map ? at.get(label) : undefined;
    return at instanceof Map ? undefined : at;
  }

  #add(labels: readonly string[]): T {
    let branch = this.#root;
    for (const label of labels.slice(0, -1)) {
      const next: Branch<T> | T = branch.get(label) ?? new Map<string, Branch<T> | T>();
      branch.set(label, next);
      if (!(next instanceof Map)) throw new TypeError('cells have one number of labels');
      branch = next;
    }
    const cell = this.#make(labels);
    branch.set(labels.at(-1) ?? '', cell);
    this.#count += 1;
    return cell;
  }
}
