import { Command } from 'commander';
import { listCertificates, type CertificateReport } from '../../ca/index.ts';
import { OperatorFault } from '../../lib/index.ts';
import { JSON_HELP } from '../defaults.ts';
import { withExamples } from '../example.ts';
import { printJson } from '../json.ts';
import { atCwd, seenFromCwd } from '../paths.ts';
import { renderTable } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { fromNow } from '../when.ts';
import { folderOption, type FolderFlags } from './folder.ts';
import { plainReport } from './plain-report.ts';

export function listCommand(terminal: Terminal): Command {
  const command = new Command('list')
    .summary('every certificate of the folder')
    .description('Lists the CA and every certificate of the folder with its state.')
    .addOption(folderOption())
    .option('--json', JSON_HELP)
    .action((flags: FolderFlags) => list(terminal, flags));
  return withExamples(command, 'sidegate ca list');
}

function list(terminal: Terminal, flags: FolderFlags): void {
  const folder = atCwd(terminal, flags.dir);
  const reports = listCertificates({ folder, now: terminal.now });
  const [ca, ...agents] = reports;
  // A folder in which there is nothing at all is a slip of the pen, not a list.
  if (ca?.problem !== undefined && agents.length === 0)
    throw new OperatorFault(ca.problem.message, ca.problem.remedy);
  if (flags.json === true) return printJson(terminal, reports.map(plainReport));
  const head = ['NAME', 'STATE', 'ENDS', 'SPIFFE ID', 'SERIAL'];
  const now = terminal.now();
  terminal.out(renderTable([head, ...reports.map((report) => rowOf(report, now))]));
  for (const report of reports) terminal.out(seenFromCwd(terminal, remarks(report)));
}

function rowOf({ name, state, certificate }: CertificateReport, now: number): string[] {
  if (certificate === undefined) return [name, state, '-', '-', '-'];
  const { id, serial, notAfter } = certificate;
  return [name, state, fromNow(notAfter, now), id, serial];
}

function remarks({ name, problem, warnings }: CertificateReport): string {
  const wrong = problem === undefined ? '' : `\n${name}: ${problem.message}\n  ${problem.remedy}\n`;
  return wrong + warnings.map((warning) => `\n${name}: ${warning}\n`).join('');
}
