import { Command } from 'commander';
import { withExamples } from '../example.ts';
import type { Terminal } from '../terminal.ts';
import { listCommand } from './list.ts';
import { revokeCommand } from './revoke.ts';

/** `sidegate grants`: what the running token service renews for work that outlived its call. */
export function grantsCommand(terminal: Terminal): Command {
  const command = new Command('grants').description(
    'The task grants of the running token service: authority for work that outlives the call it came with.',
  );
  for (const child of [listCommand, revokeCommand]) command.addCommand(child(terminal));
  return withExamples(
    command,
    'sidegate grants list',
    'sidegate grants revoke task-k3f9m2x7q4w5e6r2',
  );
}
