import {
  OperatorFault,
  SourceFaults,
  placeOf,
  renderFault,
  type SourceFault,
} from '../../lib/index.ts';

/** One thing that was looked at. */
export interface Finding {
  /** What of the sidecar it is about, in one word. */
  readonly what: string;
  /** A warning works, but is probably not meant. */
  readonly result: 'right' | 'warning' | 'wrong';
  readonly message: string;
  readonly remedy?: string;
  /** `file:line:column`, where there is one. */
  readonly place?: string;
  /** The whole of it for people, where there is more than message and remedy. */
  readonly rendered?: string;
}

export function right(what: string, message: string): Finding {
  return { what, result: 'right', message };
}

export function warning(what: string, message: string, remedy?: string): Finding {
  return { what, result: 'warning', message, ...(remedy === undefined ? {} : { remedy }) };
}

export function wrong(what: string, message: string, remedy: string): Finding {
  return { what, result: 'wrong', message, remedy };
}

/** A fault of a file, with its line and caret. */
export function inFile(what: string, result: Finding['result'], fault: SourceFault): Finding {
  const { message, remedy } = fault;
  return { what, result, message, remedy, place: placeOf(fault), rendered: renderFault(fault) };
}

/** What an operation found, or the faults that it ended with. */
export async function attempt<T>(
  what: string,
  operation: () => T | Promise<T>,
): Promise<{ value?: T; findings: readonly Finding[] }> {
  try {
    return { value: await operation(), findings: [] };
  } catch (error) {
    if (error instanceof SourceFaults)
      return { findings: error.faults.map((fault) => inFile(what, 'wrong', fault)) };
    if (!(error instanceof OperatorFault)) throw error;
    return { findings: [wrong(what, error.message, error.remedy)] };
  }
}
