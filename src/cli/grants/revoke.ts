import { Command } from 'commander';
import { adminCall } from '../../status/index.ts';
import { JSON_HELP } from '../defaults.ts';
import { withExamples } from '../example.ts';
import { printJson } from '../json.ts';
import type { Terminal } from '../terminal.ts';
import { stsSocket, withSocketFlags, type SocketFlags } from './socket.ts';

export function revokeCommand(terminal: Terminal): Command {
  const command = new Command('revoke')
    .summary('end a task grant')
    .description(
      'Ends a task grant at once and for good: its agent gets no further token for that task. Tokens that it has end within five minutes.',
    )
    .argument('<id>', 'its ID, see sidegate grants list')
    .option('--json', JSON_HELP)
    .action((id: string, flags: SocketFlags) => revoke(terminal, id, flags));
  return withExamples(withSocketFlags(command), 'sidegate grants revoke task-k3f9m2x7q4w5e6r2');
}

async function revoke(terminal: Terminal, id: string, flags: SocketFlags): Promise<void> {
  const { env } = terminal;
  const by = env.SUDO_USER ?? env.USER ?? env.LOGNAME ?? 'unknown';
  const asked = new URLSearchParams({ id, by });
  const socket = stsSocket(terminal, flags);
  await adminCall(socket, 'POST', `/revoke?${asked.toString()}`);
  if (flags.json === true) printJson(terminal, { revoked: id });
  else terminal.out(`✓ ${id} is revoked\n`);
}
