import fc from 'fast-check';
import type { FailureCode } from '../../src/call/index.ts';
import { written, type Flaws } from './heads/draft.ts';
import { ENDING_THE_CONNECTION } from './heads/ending-the-connection.ts';
import { READ_AND_REFUSED } from './heads/read-and-refused.ts';

/** A head that is wrong in one known way, and what is to be said of it. */
export interface MalformedHead {
  readonly flaw: string;
  /** Latin-1. */
  readonly bytes: string;
  readonly code: FailureCode;
  /** What the operator is told. */
  readonly detail: RegExp;
}

/**
 * The same ones for the same seed: so many that leave their connection as it is, and so many that end it. Flaws take turns.
 */
export function malformedHeads(counts: { kept: number; ended: number }, seed: number) {
  return {
    kept: headsOf(READ_AND_REFUSED, counts.kept, seed),
    ended: headsOf(ENDING_THE_CONNECTION, counts.ended, seed),
  };
}

function headsOf(flaws: Flaws, count: number, seed: number): MalformedHead[] {
  const numRuns = Math.ceil(count / Object.keys(flaws).length);
  const columns = Object.entries(flaws).map(
    ([flaw, { head, detail, code = 'MALFORMED_REQUEST' }]) =>
      fc.sample(head, { numRuns, seed }).map((one) => {
        return { flaw, bytes: typeof one === 'string' ? one : written(one), detail, code };
      }),
  );
  const rows = Array.from({ length: numRuns }, (_, n) => columns.map((column) => column[n]));
  return rows
    .flat()
    .filter((one) => one !== undefined)
    .slice(0, count);
}
