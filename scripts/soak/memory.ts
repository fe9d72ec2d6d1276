import { metric } from './sidecar.ts';

interface Sample {
  readonly resident: number;
  readonly heap: number;
}

const MIB = 1024 * 1024;
/** One a second. What is resident rises to its peak between two collections, and that takes its time. */
const ENOUGH = 450;
const GROWTH = 1.2;
const ROOM = 16;

/** What the sidecar holds over time. Quarters are compared, so that start-up and warm code do not count. */
export class Memory {
  readonly #samples: Sample[] = [];

  add(page: string): void {
    const resident = metric(page, 'process_resident_memory_bytes') / MIB;
    const heap = metric(page, 'nodejs_heap_size_used_bytes') / MIB;
    this.#samples.push({ resident, heap });
  }

  /** MiB, as they were asked about last. */
  get latest(): string {
    const { resident = NaN, heap = NaN } = this.#samples.at(-1) ?? {};
    return `${resident.toFixed(0)} MiB resident, heap ${heap.toFixed(0)}`;
  }

  /** MiB: the median of what is resident, and the lower tenth of the heap, which is what a collection leaves. */
  get quarters() {
    const quarter = Math.floor(this.#samples.length / 4);
    const of = (at: number) => {
      const part = this.#samples.slice(at * quarter, (at + 1) * quarter);
      return {
        resident: quantile(
          part.map(({ resident }) => resident),
          0.5,
        ),
        heap: quantile(
          part.map(({ heap }) => heap),
          0.1,
        ),
      };
    };
    return { second: of(1), last: of(3) };
  }

  /** Undefined while it is flat, or the run was too short to tell. */
  get growth(): string | undefined {
    if (this.#samples.length < ENOUGH) return undefined;
    const { second, last } = this.quarters;
    for (const what of ['resident', 'heap'] as const)
      if (last[what] > second[what] * GROWTH + ROOM)
        return `${what}: ${second[what].toFixed(0)} MiB, then ${last[what].toFixed(0)} MiB`;
    return undefined;
  }
}

function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] ?? NaN;
}
