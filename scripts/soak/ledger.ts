import type { Outcome } from './call.ts';
import { faultOf, type Known } from './expect.ts';
import type { Kind } from './kinds.ts';
import type { Pass } from './credentials.ts';

const TOLD = 5;

/** What happened, counted; what should not have happened, with examples. */
export class Ledger {
  readonly counts = new Map<string, number>();
  readonly faults = new Map<string, { count: number; examples: string[] }>();
  /** The code that the caller was told, by the call's ID; undefined of a call that broke off. */
  readonly told = new Map<string, string | undefined>();
  readonly #known: Known;

  constructor(known: Known) {
    this.#known = known;
  }

  count(what: string, by = 1): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + by);
  }

  highest(what: string, value: number): void {
    this.counts.set(what, Math.max(this.counts.get(what) ?? 0, value));
  }

  fault(name: string, example: string): void {
    const entry = this.faults.get(name) ?? { count: 0, examples: [] };
    entry.count += 1;
    if (entry.examples.length < TOLD) entry.examples.push(example);
    this.faults.set(name, entry);
  }

  /** Holds how a call went against what it may have come to. */
  enter(kind: Kind, pass: Pass, outcome: Outcome): void {
    const { id, code, from, until, detail } = outcome;
    this.count('calls');
    this.count(`calls: ${code ?? 'no answer'}`);
    if (id !== undefined) this.note(id, code);
    const fault = faultOf(this.#known, kind, pass, outcome);
    if (fault === undefined) return;
    const took = `${new Date(from).toISOString()} + ${until - from} ms`;
    this.fault(fault, `${pass.agent} ${kind.name}: ${code ?? 'no answer'} ${detail} (${took})`);
  }

  /** That an answer with this ID was seen: one answer, one call, one ID. */
  note(id: string, code: string | undefined): void {
    if (this.told.has(id)) this.fault('one ID for two answers', id);
    this.told.set(id, code);
  }
}
