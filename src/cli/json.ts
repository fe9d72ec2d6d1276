import type { Terminal } from './terminal.ts';

/** The answer of `--json`: one document, and nothing else on standard output. */
export function printJson(terminal: Terminal, value: unknown): void {
  terminal.out(`${JSON.stringify(value, null, 2)}\n`);
}

/** Milliseconds since the epoch as scripts read them. */
export function isoTime(at: number): string {
  return new Date(at).toISOString();
}
