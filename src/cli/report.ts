import { OperatorFault, SourceFaults, type ExitCode } from '../lib/index.ts';
import { ExitWith } from './exit-with.ts';
import { harmless } from './harmless.ts';
import { seenFromCwd } from './paths.ts';
import type { Terminal } from './terminal.ts';

/** Tells a person why a command ended, and gives the exit code. Never a stack trace, unless it is asked for. */
export function report(terminal: Terminal, error: unknown): ExitCode {
  if (error instanceof ExitWith) return error.exitCode;
  if (error instanceof OperatorFault) {
    terminal.err(`${seenFromCwd(terminal, faultText(error))}\n`);
    return error.exitCode;
  }
  terminal.err(`${defectText(error)}\n`);
  if (terminal.env.SIDEGATE_DEBUG === '1') terminal.err(`${stackOf(error)}\n`);
  return 1;
}

/** File faults begin with their place, as editors and terminals like it. */
function faultText(fault: OperatorFault): string {
  const text = harmless(fault.render());
  return fault instanceof SourceFaults ? text : `sidegate: ${text}`;
}

function defectText(error: unknown): string {
  const what = error instanceof Error ? error.message : 'something that is no error was thrown';
  const sentence = `sidegate: stopped by an error that nobody foresaw: ${harmless(what)}`;
  return `${sentence}\n  This is a defect: please report it. SIDEGATE_DEBUG=1 shows where it happened.`;
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
