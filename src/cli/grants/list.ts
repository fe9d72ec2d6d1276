import { Command } from 'commander';
import { adminCall, taskGrantsShape, type TaskGrantsReport } from '../../status/index.ts';
import { JSON_HELP } from '../defaults.ts';
import { withExamples } from '../example.ts';
import { harmless } from '../harmless.ts';
import { printJson } from '../json.ts';
import { renderTable } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { fromNow } from '../when.ts';
import { stsSocket, withSocketFlags, type SocketFlags } from './socket.ts';

export function listCommand(terminal: Terminal): Command {
  const command = new Command('list')
    .summary('show the task grants that live')
    .description('Shows the task grants that live: whose authority, for which agent, how long.')
    .option('--json', JSON_HELP)
    .action((flags: SocketFlags) => list(terminal, flags));
  return withExamples(withSocketFlags(command), 'sidegate grants list');
}

async function list(terminal: Terminal, flags: SocketFlags): Promise<void> {
  const answer = await adminCall(stsSocket(terminal, flags), 'GET', '/grants');
  const report = taskGrantsShape.parse(answer);
  if (flags.json === true) printJson(terminal, report);
  else terminal.out(harmless(render(report, terminal.now())));
}

function render({ grants }: TaskGrantsReport, now: number): string {
  if (grants.length === 0) return 'No task grant lives.\n';
  return renderTable(
    grants.map(({ id, task, client, subject, scopes, expires }) => [
      id,
      client,
      `for ${subject}`,
      scopes.join(' '),
      `task ${task}`,
      `ends ${fromNow(Date.parse(expires), now)}`,
    ]),
  );
}
