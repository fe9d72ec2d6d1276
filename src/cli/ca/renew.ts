import { Command } from 'commander';
import { openCa, renew, watchRenewal, type RenewalReport, type Renewed } from '../../ca/index.ts';
import type { OperatorFault } from '../../lib/index.ts';
import { JSON_HELP } from '../defaults.ts';
import { withExamples } from '../example.ts';
import { ExitWith } from '../exit-with.ts';
import { isoTime, printJson } from '../json.ts';
import { atCwd } from '../paths.ts';
import { report } from '../report.ts';
import { stopped } from '../stopped.ts';
import type { Terminal } from '../terminal.ts';
import { dateTime, fromNow } from '../when.ts';
import { folderOption, type FolderFlags } from './folder.ts';

interface RenewFlags extends FolderFlags {
  readonly watch?: true;
}

const WATCH_EVERY = 60_000;

export function renewCommand(terminal: Terminal): Command {
  const command = new Command('renew')
    .summary('renew what is soon to expire')
    .description(
      'Renews every certificate, and the revocation list, that has less than a third of its life left; makes half-written pairs whole. Run it as often as you like.',
    )
    .option('--watch', 'keep doing so until it is stopped')
    .addOption(folderOption())
    .option('--json', `${JSON_HELP}; with --watch one line each time`)
    .action((flags: RenewFlags) => renewAll(terminal, flags));
  return withExamples(command, 'sidegate ca renew', 'sidegate ca renew --watch');
}

async function renewAll(terminal: Terminal, flags: RenewFlags): Promise<void> {
  const folder = atCwd(terminal, flags.dir);
  if (flags.watch === true) return watch(terminal, folder, flags);
  const renewal = renew({ folder, now: terminal.now });
  if (flags.json === true) printJson(terminal, plain(renewal));
  else printRenewal(terminal, renewal);
  for (const { fault } of renewal.failed) report(terminal, fault);
  if (renewal.failed.length > 0) throw new ExitWith(1);
}

/** Ends at once if there is no CA at all: waiting for one to appear would look like working. */
async function watch(terminal: Terminal, folder: string, flags: RenewFlags): Promise<void> {
  const { now } = terminal;
  openCa({ folder, now });
  const onRenewed = (renewal: RenewalReport): void => {
    if (flags.json === true) terminal.out(`${JSON.stringify(plain(renewal))}\n`);
    else printRenewal(terminal, renewal);
  };
  const onError = (fault: OperatorFault): void => void report(terminal, fault);
  const options = { folder, now, intervalMs: WATCH_EVERY, keepAlive: true, onRenewed, onError };
  if (flags.json !== true) terminal.out(`Watching ${flags.dir}; stop with Ctrl-C.\n`);
  const watching = watchRenewal(options);
  await stopped(terminal);
  watching.stop();
}

function printRenewal(terminal: Terminal, renewal: RenewalReport): void {
  for (const one of renewal.renewed) terminal.out(`${line(one, terminal.now())}\n`);
  for (const name of renewal.revoked)
    terminal.out(`Not renewed: ${name}, because its certificate is revoked\n`);
  const { renewed, revoked, failed } = renewal;
  if (renewed.length + revoked.length + failed.length === 0) terminal.out('Nothing is due.\n');
}

function line({ what, name, why, notAfter }: Renewed, now: number): string {
  const subject = { ca: 'the CA', crl: 'the revocation list', agent: name }[what];
  const reason = why === 'broken' ? ' (it was half-written)' : '';
  return `Renewed ${subject}${reason}, now until ${dateTime(notAfter)} (${fromNow(notAfter, now)})`;
}

function plain({ renewed, revoked, failed }: RenewalReport): object {
  return {
    renewed: renewed.map((one) => ({ ...one, notAfter: isoTime(one.notAfter) })),
    revoked,
    failed: failed.map(({ name, fault: { message, remedy } }) => ({ name, message, remedy })),
  };
}
