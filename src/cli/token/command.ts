import { Command } from 'commander';
import { withExamples } from '../example.ts';
import type { Terminal } from '../terminal.ts';
import { keysCommand } from './keys.ts';
import { mintCommand } from './mint.ts';

/** `sidegate token`: the keys of the token service, and tokens for development. */
export function tokenCommand(terminal: Terminal): Command {
  const command = new Command('token').description(
    'The keys that the token service signs with, and tokens for development.',
  );
  for (const child of [keysCommand, mintCommand]) command.addCommand(child(terminal));
  return withExamples(
    command,
    'sidegate token keys',
    'sidegate token mint --subject alice --for portal --scope invoices:read',
  );
}
