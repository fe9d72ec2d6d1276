import { join } from 'node:path';
import { Command } from 'commander';
import { initCa } from '../../ca/index.ts';
import { DEFAULT_TRUST_DOMAIN, JSON_HELP } from '../defaults.ts';
import { withExamples } from '../example.ts';
import { isoTime, printJson } from '../json.ts';
import { folderAtCwd, seenFromCwd } from '../paths.ts';
import { readTrustDomain } from '../read-argument.ts';
import { renderTable } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { dateTime } from '../when.ts';
import { folderOption, sameFolder, type FolderFlags } from './folder.ts';

interface InitFlags extends FolderFlags {
  readonly trustDomain: string;
}

export function initCommand(terminal: Terminal): Command {
  const command = new Command('init')
    .summary('make a certificate authority')
    .description('Makes a certificate authority in a folder. Overwrites nothing.')
    .option('--trust-domain <name>', 'the domain that it vouches for', DEFAULT_TRUST_DOMAIN)
    .addOption(folderOption())
    .option('--json', JSON_HELP)
    .action((flags: InitFlags) => init(terminal, flags));
  return withExamples(command, 'sidegate ca init --trust-domain acme.test');
}

function init(terminal: Terminal, flags: InitFlags): void {
  const trustDomain = readTrustDomain(flags.trustDomain);
  const folder = folderAtCwd(terminal, flags.dir);
  const { facts } = initCa({ folder, trustDomain, now: terminal.now });
  const files = { cert: 'ca.crt', key: 'ca.key', crl: 'ca.crl' };
  const path = (name: string) => join(folder, name);
  if (flags.json === true) {
    const made = { cert: path(files.cert), key: path(files.key), crl: path(files.crl) };
    const { serial, notAfter } = facts;
    const about = { trustDomain: trustDomain.name, serial, notAfter: isoTime(notAfter) };
    return printJson(terminal, { ...about, files: made });
  }
  const table = renderTable([
    ['', path(files.cert), `what others trust, until ${dateTime(facts.notAfter)}`],
    ['', path(files.key), 'its key: whoever has it can be every agent'],
    ['', path(files.crl), 'what it has revoked; valid for 7 days, see: sidegate ca renew'],
  ]);
  terminal.out(`Made a certificate authority for ${trustDomain.name}:\n`);
  terminal.out(seenFromCwd(terminal, table));
  terminal.out(`Next: sidegate ca mint NAME${sameFolder(flags.dir)}\n`);
}
