import { Command } from 'commander';
import { mint, openCa, type Minted } from '../../ca/index.ts';
import { JSON_HELP } from '../defaults.ts';
import { withExamples } from '../example.ts';
import { isoTime, printJson } from '../json.ts';
import { atCwd, seenFromCwd } from '../paths.ts';
import { collect, readDuration, readSpiffeId } from '../read-argument.ts';
import { renderTable } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { dateTime, fromNow } from '../when.ts';
import { folderOption, sameFolder, type FolderFlags } from './folder.ts';

interface MintFlags extends FolderFlags {
  readonly id?: string;
  readonly ttl: string;
  readonly dns?: readonly string[];
  readonly ip?: readonly string[];
}

export function mintCommand(terminal: Terminal): Command {
  const command = new Command('mint')
    .summary('issue a certificate to an agent')
    .description('Issues a certificate and its key to an agent. Overwrites nothing.')
    .argument('<name>', "the agent's name: of its files, and the end of its SPIFFE ID")
    .option('--id <spiffe-id>', 'by default spiffe://TRUST-DOMAIN/agent/NAME')
    .option('--ttl <time>', 'how long it is valid', '24h')
    .option('--dns <name>', 'a host name that it serves; may be repeated', collect)
    .option('--ip <address>', 'an address that it serves; may be repeated', collect)
    .addOption(folderOption())
    .option('--json', JSON_HELP)
    .action((name: string, flags: MintFlags) => mintOne(terminal, name, flags));
  return withExamples(
    command,
    'sidegate ca mint billing',
    'sidegate ca mint invoices --dns localhost --ip 127.0.0.1 --ttl 12h',
  );
}

function mintOne(terminal: Terminal, name: string, flags: MintFlags): void {
  const id = flags.id === undefined ? undefined : readSpiffeId(flags.id);
  const life = readDuration(flags.ttl);
  const ca = openCa({ folder: atCwd(terminal, flags.dir), now: terminal.now });
  const { dns, ip } = flags;
  const minted = mint(ca, { name, id, life, dns, ip });
  if (flags.json !== true) return printMinted(terminal, minted, flags.dir);
  const times = { notBefore: isoTime(minted.notBefore), notAfter: isoTime(minted.notAfter) };
  printJson(terminal, { ...minted, ...times });
}

function printMinted(terminal: Terminal, minted: Minted, dir: string): void {
  const { name, id, serial, notAfter, certFile, keyFile } = minted;
  const table = renderTable([
    ['', 'certificate', certFile],
    ['', 'key', keyFile],
    ['', 'serial', serial],
    ['', 'valid until', `${dateTime(notAfter)} (${fromNow(notAfter, terminal.now())})`],
  ]);
  terminal.out(`Minted ${id}:\n${seenFromCwd(terminal, table)}`);
  terminal.out(`Next: name it under 'agents' in the policy, then e.g.\n`);
  terminal.out(`      sidegate call ${name} GET /${sameFolder(dir)}\n`);
  terminal.out(
    `Before it ends: sidegate ca renew${sameFolder(dir)} (or --watch, to keep doing so)\n`,
  );
}
