import { Command } from 'commander';
import { OperatorFault } from '../lib/index.ts';
import {
  adminCall,
  killShape,
  killedShape,
  type KillReport,
  type KilledReport,
} from '../status/index.ts';
import { adminSocket, withAdminFlags, type AdminFlags } from './admin-socket.ts';
import { JSON_HELP } from './defaults.ts';
import { withExamples } from './example.ts';
import { harmless } from './harmless.ts';
import { printJson } from './json.ts';
import { renderTable } from './table.ts';
import type { Terminal } from './terminal.ts';
import { plural } from './when.ts';

interface KillFlags extends AdminFlags {
  readonly lift?: true;
  readonly list?: true;
  readonly json?: true;
}

export function killCommand(terminal: Terminal): Command {
  const command = new Command('kill')
    .description(
      'Has the running sidecar refuse every call of an agent at once and cut those that are open, also while the policy is broken. It stays so over restarts, until it is lifted.',
    )
    .argument('[agent]', 'its name in the policy')
    .option('--lift', 'let it call again, as the policy says')
    .option('--list', 'show who is killed, since when, and by whom')
    .option('--json', JSON_HELP)
    .action((agent: string | undefined, flags: KillFlags) => run(terminal, agent, flags));
  return withExamples(
    withAdminFlags(command),
    'sidegate kill planner',
    'sidegate kill planner --lift',
    'sidegate kill --list',
  );
}

async function run(terminal: Terminal, agent: string | undefined, flags: KillFlags): Promise<void> {
  if ((agent === undefined) !== (flags.list === true) || (flags.list && flags.lift))
    throw new OperatorFault(
      'kill takes the name of an agent, or --list',
      'See: sidegate kill --help',
    );
  const socket = await adminSocket(terminal, flags);
  if (agent === undefined) {
    const report = killedShape.parse(await adminCall(socket, 'GET', '/killed'));
    if (flags.json === true) printJson(terminal, report);
    else terminal.out(harmless(renderList(report)));
    return;
  }
  const asked = new URLSearchParams({ agent, by: userOf(terminal) });
  const path = `/${flags.lift === true ? 'lift' : 'kill'}?${asked.toString()}`;
  const report = killShape.parse(await adminCall(socket, 'POST', path));
  if (flags.json === true) printJson(terminal, report);
  else terminal.out(render(report));
  if (!report.inPolicy) terminal.err(notInPolicy(report));
}

/** A claim, for the audit: whoever may open the socket is believed. */
function userOf({ env }: Terminal): string {
  return env.SUDO_USER ?? env.USER ?? env.LOGNAME ?? 'unknown';
}

function render({ agent, killed, changed, cut }: KillReport): string {
  if (!killed)
    return changed
      ? `✓ ${agent} may call again, as the policy says\n`
      : `✓ ${agent} was not killed\n`;
  const open = cut === 0 ? 'no call of it was open' : `${plural(cut, 'open call')} cut`;
  const what = changed ? `is killed, ${open}` : 'was killed already';
  return `✓ ${agent} ${what}\n  When it may call again: sidegate kill ${agent} --lift\n`;
}

function notInPolicy({ agent, killed, nearest }: KillReport): string {
  const hint = nearest === undefined ? '' : `; did you mean ${nearest}?`;
  const all = killed ? '\n  It is killed all the same, and stays so if the policy gets one.' : '';
  return `! the policy in force names no agent '${agent}'${hint}${all}\n`;
}

function renderList({ killed }: KilledReport): string {
  if (killed.length === 0) return 'Nobody is killed.\n';
  const rows = killed.map(({ agent, since, by, inPolicy }) => [
    agent,
    `since ${since.slice(0, 19).replace('T', ' ')} UTC`,
    `by ${by}`,
    inPolicy ? '' : 'not in the policy in force',
  ]);
  return renderTable(rows);
}
