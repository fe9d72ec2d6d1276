import type { Ledger } from './ledger.ts';
import type { Memory } from './memory.ts';

/** What a soak found. */
export interface SoakReport {
  /** For people: every count, and every fault with examples. */
  readonly table: readonly string[];
  /** The names of what should not have happened; empty if all is well. */
  readonly faults: readonly string[];
}

export function reportOf(ledger: Ledger, memory: Memory): SoakReport {
  const counts = [...ledger.counts].toSorted(([a], [b]) => a.localeCompare(b));
  const faults = [...ledger.faults].map(([name, { count }]) => `${name}: ${count}`);
  const told = [...ledger.faults].flatMap(([name, { count, examples }]) => [
    `FAULT ${name}: ${count}`,
    ...examples.map((example) => `    ${example.replace(/\s+/g, ' ').slice(0, 400)}`),
  ]);
  return {
    table: [
      ...counts.map(([what, count]) => row(what, String(count))),
      ...memoryRows(memory),
      ...(told.length === 0 ? ['no faults'] : told),
    ],
    faults,
  };
}

function memoryRows(memory: Memory): string[] {
  const { second, last } = memory.quarters;
  if (Number.isNaN(last.heap)) return [];
  const pair = (what: 'resident' | 'heap') =>
    `${second[what].toFixed(1)} -> ${last[what].toFixed(1)} MiB`;
  return [
    row('memory: resident, second and last quarter', pair('resident')),
    row('memory: heap, second and last quarter', pair('heap')),
  ];
}

function row(what: string, value: string): string {
  return `${what.padEnd(58)} ${value.padStart(12)}`;
}
