import { Command } from 'commander';
import { withExamples } from '../example.ts';
import type { Terminal } from '../terminal.ts';
import { queryCommand } from './query.ts';
import { verifyCommand } from './verify.ts';

/** `sidegate audit`: what the audit files of a sidecar prove and tell. */
export function auditCommand(terminal: Terminal): Command {
  const command = new Command('audit').description(
    'Reads the audit of a sidecar: whether its lines are as they were written, and which calls it has.',
  );
  command.addCommand(verifyCommand(terminal)).addCommand(queryCommand(terminal));
  return withExamples(
    command,
    'sidegate audit verify audit.jsonl --roots certs/ca.crt',
    'sidegate audit query audit.jsonl --decision deny --since 1h',
  );
}
