import type { Emit, FailureCode } from '../call/index.ts';
import { DEPENDENCIES, type Dependency, type Fault, type Vitals } from './dependencies.ts';

/** Asks every dependency of the table how it is. */
export class Health {
  readonly #vitals: () => Vitals;
  readonly #emit: Emit;
  readonly #told = new Map<string, string | undefined>();

  constructor(vitals: () => Vitals, emit: Emit) {
    this.#vitals = vitals;
    this.#emit = emit;
  }

  /** Codes of what keeps everybody out. */
  reasons(): readonly FailureCode[] {
    const codes = this.#faults().flatMap(([, { code, everybody }]) =>
      code !== undefined && everybody ? [code] : [],
    );
    return [...new Set(codes)];
  }

  /** Names of what is not as it must be, though somebody can be served all the same. */
  degraded(): readonly string[] {
    return this.#faults().flatMap(([name, { everybody }]) => (everybody ? [] : [name]));
  }

  /** Reports every dependency to the metrics, and to the log what changed. */
  look(): void {
    const faults = new Map(this.#faults());
    const vitals = this.#vitals();
    for (const [name, { applies }] of Object.entries<Dependency>(DEPENDENCIES)) {
      const fault = faults.get(name);
      const isUsed = applies?.(vitals) ?? true;
      this.#emit({ kind: 'dependency', name, fresh: isUsed ? fault === undefined : undefined });
      this.#tell(name, fault);
    }
  }

  #tell(name: string, fault: Fault | undefined): void {
    const before = this.#told.get(name);
    const detail = fault?.detail;
    if (before === detail) return;
    this.#told.set(name, detail);
    if (fault === undefined || detail === undefined)
      this.#emit({ kind: 'log', level: 'info', message: `no longer so: ${before ?? ''}` });
    else {
      const message = `${detail}: callers are refused with ${fault.code ?? 'nothing'}`;
      this.#emit({ kind: 'log', level: 'error', message });
    }
  }

  #faults(): readonly (readonly [name: string, fault: Fault])[] {
    const vitals = this.#vitals();
    return Object.entries<Dependency>(DEPENDENCIES).flatMap(([name, { ask }]) => {
      const fault = ask(vitals);
      return fault === undefined ? [] : [[name, fault] as const];
    });
  }
}
