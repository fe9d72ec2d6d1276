import { Command, Option } from 'commander';
import { openCa, revoke, REVOCATION_REASONS, type RevocationReason } from '../../ca/index.ts';
import { JSON_HELP } from '../defaults.ts';
import { withExamples } from '../example.ts';
import { isoTime, printJson } from '../json.ts';
import { atCwd } from '../paths.ts';
import type { Terminal } from '../terminal.ts';
import { dateTime, plural } from '../when.ts';
import { folderOption, type FolderFlags } from './folder.ts';

interface RevokeFlags extends FolderFlags {
  readonly reason: RevocationReason;
}

export function revokeCommand(terminal: Terminal): Command {
  const reasons = new Option('--reason <reason>', 'what the list says').choices(REVOCATION_REASONS);
  const command = new Command('revoke')
    .summary('revoke certificates')
    .description(
      'Revokes everything issued to an agent, or one certificate, and writes ca.crl anew.',
    )
    .argument('<name-or-serial>', "an agent's name, or a serial as ca list shows it")
    .addOption(reasons.default('unspecified'))
    .addOption(folderOption())
    .option('--json', JSON_HELP)
    .action((target: string, flags: RevokeFlags) => revokeOne(terminal, target, flags));
  return withExamples(command, 'sidegate ca revoke billing --reason keyCompromise');
}

function revokeOne(terminal: Terminal, target: string, flags: RevokeFlags): void {
  const ca = openCa({ folder: atCwd(terminal, flags.dir), now: terminal.now });
  const revocation = revoke(ca, { target, reason: flags.reason });
  const { name, serials, nextUpdate } = revocation;
  if (flags.json === true)
    return printJson(terminal, { ...revocation, nextUpdate: isoTime(nextUpdate) });
  if (serials.length === 0) terminal.out(`Nothing to do: ${target} was revoked before.\n`);
  else terminal.out(`Revoked ${plural(serials.length, 'certificate')} of ${name}:\n`);
  for (const serial of serials) terminal.out(`  ${serial}\n`);
  terminal.out(`The list ${flags.dir}/ca.crl is new, valid until ${dateTime(nextUpdate)}.\n`);
  terminal.out('Next: every sidecar that trusts this CA needs the new list.\n');
}
