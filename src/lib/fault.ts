/** Where something stands in a file; line and column count from 1. */
export interface SourcePosition {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** The line itself, without its line break. */
  readonly text: string;
}

/** One thing wrong with a file, with the place (unless the whole file is meant) and the way to mend it. */
export interface SourceFault {
  readonly at: SourcePosition | { readonly file: string };
  readonly message: string;
  readonly remedy: string;
}

/** What the process ends with: 1 a fault while working, 2 wrong usage or configuration. */
export type ExitCode = 1 | 2;

/**
 * Something that only the operator can mend: `message` says what is wrong in one sentence, `remedy` what to do.
 * It is printed as it is, without a stack trace.
 */
export class OperatorFault extends Error {
  readonly remedy: string;
  readonly exitCode: ExitCode;

  constructor(message: string, remedy: string, options?: { cause?: unknown; exitCode?: ExitCode }) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'OperatorFault';
    this.remedy = remedy;
    this.exitCode = options?.exitCode ?? 2;
  }

  /** The text for a terminal or a log; no trailing line break. */
  render(): string {
    return `${this.message}\n  ${this.remedy}`;
  }
}

/** Everything that is wrong with a file, all at once, in the order of the lines. */
export class SourceFaults extends OperatorFault {
  readonly faults: readonly SourceFault[];

  constructor(faults: readonly [SourceFault, ...SourceFault[]]) {
    const first = faults[0];
    const more = faults.length > 1 ? ` (and ${faults.length - 1} more)` : '';
    super(`${placeOf(first)}: ${first.message}${more}`, first.remedy);
    this.name = 'SourceFaults';
    this.faults = faults.toSorted((a, b) => lineOf(a) - lineOf(b));
  }

  override render(): string {
    return this.faults.map(renderFault).join('\n\n');
  }
}

/** `file:line:column`, or the file alone. */
export function placeOf(fault: SourceFault): string {
  const { at } = fault;
  return 'line' in at ? `${at.file}:${at.line}:${at.column}` : at.file;
}

/** The line and a caret under its column, each indented by two blanks; tabs are kept so that the caret fits. */
export function renderCaret(at: SourcePosition): string {
  const gutter = String(at.line);
  const pad = at.text.slice(0, at.column - 1).replace(/[^\t]/g, ' ');
  return `  ${gutter} | ${at.text}\n  ${' '.repeat(gutter.length)} | ${pad}^`;
}

/** A fault for people: place and sentence, the line with a caret, the remedy. */
export function renderFault(fault: SourceFault): string {
  const head = `${placeOf(fault)}: ${fault.message}`;
  const body = 'line' in fault.at ? `\n${renderCaret(fault.at)}` : '';
  return `${head}${body}\n  ${fault.remedy}`;
}

function lineOf(fault: SourceFault): number {
  return 'line' in fault.at ? fault.at.line : 0;
}
