import { Command } from 'commander';
import { renderListen } from '../lib/index.ts';
import { DEFAULT_CONFIG, JSON_HELP } from './defaults.ts';
import { withExamples } from './example.ts';
import { ExitWith } from './exit-with.ts';
import { askStatus } from './healthy/ask.ts';
import { statusAddress } from './healthy/address.ts';
import { printJson } from './json.ts';
import type { Terminal } from './terminal.ts';

interface HealthyFlags {
  readonly config: string;
  readonly status?: string;
  readonly live?: true;
  readonly json?: true;
}

/** For a container's health check, every few seconds: so it reads one key of the configuration, and loads no room. */
export function healthyCommand(terminal: Terminal): Command {
  const command = new Command('healthy')
    .description(
      'Asks the status server of the running sidecar whether it takes calls. Exit code 0 if it does, 1 if not. Made for the health check of a container without a shell.',
    )
    .option('--config <file>', 'the configuration, for its status.listen', DEFAULT_CONFIG)
    .option('--status <host:port>', 'the status server, without reading the configuration')
    .option('--live', 'ask only whether the process runs (/livez)')
    .option('--json', JSON_HELP)
    .action((flags: HealthyFlags) => healthy(terminal, flags));
  return withExamples(
    command,
    'sidegate healthy --config /etc/sidegate/sidegate.yaml',
    'sidegate healthy --status 127.0.0.1:9464 --live',
  );
}

async function healthy(terminal: Terminal, flags: HealthyFlags): Promise<void> {
  const listen = statusAddress(terminal, flags);
  const path = flags.live === true ? '/livez' : '/readyz';
  const { ok, reasons } = await askStatus(listen, path);
  if (flags.json === true) printJson(terminal, { ok, reasons, status: renderListen(listen), path });
  else if (ok) terminal.out(flags.live === true ? 'live\n' : 'ready\n');
  else terminal.out(`not ready: ${reasons.join(', ')}\n`);
  if (!ok) throw new ExitWith(1);
}
