import { Command } from 'commander';
import { OperatorFault } from '../lib/index.ts';
import { adminCall, renderWhy, whyShape, type WhyReport } from '../status/index.ts';
import { adminSocket, withAdminFlags, type AdminFlags } from './admin-socket.ts';
import { JSON_HELP } from './defaults.ts';
import { withExamples } from './example.ts';
import { printJson } from './json.ts';
import { seenFromCwd } from './paths.ts';
import type { Terminal } from './terminal.ts';

interface WhyFlags extends AdminFlags {
  readonly json?: true;
}

const LAST_DENIAL = 'last-denial';

export function whyCommand(terminal: Terminal): Command {
  const command = new Command('why')
    .description(
      'Asks the running sidecar why a call ended as it did: the gates that it passed, the rule, what was missing, and the smallest change that would allow it.',
    )
    .argument('[id]', "a call's ID or its beginning; `last` for the last call of all", LAST_DENIAL)
    .option('--json', JSON_HELP)
    .action((id: string, flags: WhyFlags) => ask(terminal, id, flags));
  return withExamples(
    withAdminFlags(command),
    'sidegate why',
    'sidegate why k3f9',
    'sidegate why last',
  );
}

async function ask(terminal: Terminal, id: string, flags: WhyFlags): Promise<void> {
  const socket = await adminSocket(terminal, flags);
  const answer = await adminCall(socket, 'GET', `/why?id=${encodeURIComponent(id)}`);
  const report = readReport(answer);
  if (flags.json === true) return printJson(terminal, report);
  terminal.out(`${seenFromCwd(terminal, renderWhy(report))}\n`);
}

function readReport(answer: unknown): WhyReport {
  const read = whyShape.safeParse(answer);
  if (read.success) return read.data;
  throw new OperatorFault(
    'the running sidecar answered in a form that this command does not know',
    'Use the same version of Sidegate for both.',
    { cause: read.error, exitCode: 1 },
  );
}
