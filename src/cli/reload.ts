import { Command } from 'commander';
import { adminCall, reloadShape, type ReloadReport } from '../status/index.ts';
import { adminSocket, withAdminFlags, type AdminFlags } from './admin-socket.ts';
import { JSON_HELP } from './defaults.ts';
import { withExamples } from './example.ts';
import { ExitWith } from './exit-with.ts';
import { harmless } from './harmless.ts';
import { printJson } from './json.ts';
import { seenFromCwd } from './paths.ts';
import type { Terminal } from './terminal.ts';

interface ReloadFlags extends AdminFlags {
  readonly json?: true;
}

export function reloadCommand(terminal: Terminal): Command {
  const command = new Command('reload')
    .description(
      'Has the running sidecar read certificates, trust and policy anew, waits, and says what is in force. What is broken leaves the old in force; then the exit code is 1. Changed files are noticed without it.',
    )
    .option('--wait', 'it always does; for scripts that say so')
    .option('--json', JSON_HELP)
    .action((flags: ReloadFlags) => reload(terminal, flags));
  return withExamples(withAdminFlags(command), 'sidegate reload');
}

async function reload(terminal: Terminal, flags: ReloadFlags): Promise<void> {
  const socket = await adminSocket(terminal, flags);
  const report = reloadShape.parse(await adminCall(socket, 'POST', '/reload'));
  if (flags.json === true) printJson(terminal, report);
  else terminal.out(seenFromCwd(terminal, harmless(render(report))));
  if (report.reloaded.some(({ ok }) => !ok)) throw new ExitWith(1);
}

function render({ reloaded, digest }: ReloadReport): string {
  const lines = reloaded.map(({ what, ok, why }) => {
    if (!ok) return `✗ ${what}: the old stays in force: ${why ?? ''}`;
    return what === 'policy' ? `✓ ${what} ${digest.slice(0, 12)}` : `✓ ${what}`;
  });
  return `${lines.join('\n')}\n`;
}
