import { Command } from 'commander';
import { OperatorFault } from '../../lib/index.ts';
import {
  addSigningKey,
  generateSigningKey,
  publicFileOf,
  readSigningKeys,
  retireSigningKey,
  type SigningKeys,
} from '../../token/index.ts';
import { JSON_HELP } from '../defaults.ts';
import { withExamples } from '../example.ts';
import { printJson } from '../json.ts';
import { atCwd, seenFromCwd } from '../paths.ts';
import type { Terminal } from '../terminal.ts';

interface KeysFlags {
  readonly file: string;
  readonly list?: true;
  readonly retire?: string;
  readonly json?: true;
}

export function keysCommand(terminal: Terminal): Command {
  const command = new Command('keys')
    .summary('make, list and retire the keys of the token service')
    .description(
      'Makes a new key, which signs from then on; the older ones are still published, so that tokens that they signed stay good. A running token service takes the file at once. Retire an old key when its last token has ended, after five minutes.',
    )
    .option(
      '--file <file>',
      'where the keys are; the public half is beside it',
      'certs/sts.keys.json',
    )
    .option('--list', 'only show them')
    .option('--retire <kid>', 'remove an old key')
    .option('--json', JSON_HELP)
    .action((flags: KeysFlags) => run(terminal, flags));
  return withExamples(command, 'sidegate token keys', 'sidegate token keys --list');
}

async function run(terminal: Terminal, flags: KeysFlags): Promise<void> {
  if (flags.list && flags.retire !== undefined)
    throw new OperatorFault('keys takes --list or --retire', 'See: sidegate token keys --help');
  const file = atCwd(terminal, flags.file);
  const publicFile = publicFileOf(file);
  const keys = await changed(file, flags);
  const kids = keys.map(({ kid }) => kid);
  if (flags.json === true) return printJson(terminal, { file, publicFile, kids });
  const [newest, ...older] = kids;
  const lines = [`signs      ${newest ?? ''}`, ...older.map((kid) => `published  ${kid}`)];
  terminal.out(`${lines.join('\n')}\n`);
  terminal.out(seenFromCwd(terminal, `private ${file}, public ${publicFile}\n`));
}

async function changed(file: string, { list, retire }: KeysFlags): Promise<SigningKeys> {
  if (list === true) return readSigningKeys(file);
  if (retire !== undefined) return retireSigningKey(file, retire);
  return addSigningKey(file, await generateSigningKey());
}
