import { Command } from 'commander';
import { showCertificate, type CertificateDetails } from '../../ca/index.ts';
import { JSON_HELP } from '../defaults.ts';
import { withExamples } from '../example.ts';
import { isoTime, printJson } from '../json.ts';
import { atCwd, seenFromCwd } from '../paths.ts';
import { renderTable } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { dateTime, fromNow } from '../when.ts';
import { folderOption, type FolderFlags } from './folder.ts';
import { plainReport } from './plain-report.ts';

export function showCommand(terminal: Terminal): Command {
  const command = new Command('show')
    .summary('one certificate, in full')
    .description('Shows one certificate of the folder in full; `ca` is that of the CA itself.')
    .argument('<name>', "the agent's name")
    .addOption(folderOption())
    .option('--json', JSON_HELP)
    .action((name: string, flags: FolderFlags) => show(terminal, name, flags));
  return withExamples(command, 'sidegate ca show billing');
}

function show(terminal: Terminal, name: string, flags: FolderFlags): void {
  const folder = atCwd(terminal, flags.dir);
  const details = showCertificate({ folder, name, now: terminal.now });
  if (flags.json === true) return printJson(terminal, plainDetails(details));
  terminal.out(seenFromCwd(terminal, renderTable(rowsOf(details, terminal.now()))));
}

function plainDetails(details: CertificateDetails): object {
  const earlier = details.earlier.map((one) => ({ ...one, notAfter: isoTime(one.notAfter) }));
  return { ...plainReport(details), earlier };
}

function rowsOf(details: CertificateDetails, now: number): string[][] {
  const { name, state, certFile, keyFile, problem, warnings, earlier } = details;
  const moment = (at: number) => `${dateTime(at)} (${fromNow(at, now)})`;
  return [
    ['name', name],
    ['state', state],
    ...(problem === undefined
      ? []
      : [
          ['problem', problem.message],
          ['remedy', problem.remedy],
        ]),
    ...certificateRows(details.certificate, moment),
    ['certificate', certFile],
    ['key', keyFile],
    ...earlier.map(({ serial, notAfter, revoked }) => [
      'earlier',
      `${serial}, ${revoked ? 'revoked' : `good until ${moment(notAfter)}`}`,
    ]),
    ...warnings.map((warning) => ['warning', warning]),
  ];
}

function certificateRows(
  certificate: CertificateDetails['certificate'],
  moment: (at: number) => string,
): string[][] {
  if (certificate === undefined) return [];
  const { id, dns, ip, serial, notBefore, notAfter, subject, issuer, sha256 } = certificate;
  const hosts = [...dns, ...ip];
  return [
    ['SPIFFE ID', id],
    ...(hosts.length === 0 ? [] : [['hosts', hosts.join(', ')]]),
    ['valid from', moment(notBefore)],
    ['valid until', moment(notAfter)],
    ['serial', serial],
    ['subject', subject === '' ? '(empty)' : subject],
    ['issuer', issuer],
    ['SHA-256', sha256],
  ];
}
