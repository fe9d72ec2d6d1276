import type { ExitCode } from '../lib/index.ts';
import { buildProgram } from './program.ts';
import { report } from './report.ts';
import type { Terminal } from './terminal.ts';
import { Answered } from './usage.ts';

/** Runs one command line (without the names of Node and the program) to its end. Never rejects. */
export async function runCli(args: readonly string[], terminal: Terminal): Promise<0 | ExitCode> {
  try {
    const program = await buildProgram(args, terminal);
    if (args.length === 0) {
      program.outputHelp({ error: true });
      return 2;
    }
    await program.parseAsync([...args], { from: 'user' });
    return 0;
  } catch (error) {
    return error instanceof Answered ? 0 : report(terminal, error);
  }
}
