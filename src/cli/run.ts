import { Command, Option } from 'commander';
import { serve, startSidecar } from '../app/index.ts';
import { SETTINGS, flagOf, loadConfig } from '../config/index.ts';
import { DEFAULT_CONFIG } from './defaults.ts';
import { withExamples } from './example.ts';
import { atCwd } from './paths.ts';
import { collect } from './read-argument.ts';
import type { Terminal } from './terminal.ts';
import { Answered } from './usage.ts';

type Flags = Readonly<Record<string, string | string[] | undefined>>;

export function runCommand(terminal: Terminal): Command {
  const command = new Command('run')
    .description(
      'Runs the sidecar until SIGTERM or Ctrl-C; then open calls get time to end. SIGHUP reads certificates, trust and policy anew.',
    )
    .option('--config <file>', 'the configuration', DEFAULT_CONFIG)
    .option(
      '--trust <td=roots[,crl]>',
      'roots and revocation list of a trust domain; may be repeated',
      collect,
    )
    .option('--help-all', 'show every setting as a flag, and its variable');
  const names = settingOptions(command);
  command.on('option:help-all', () => {
    for (const option of command.options) option.hidden = false;
    command.outputHelp();
    throw new Answered();
  });
  command.action((flags: Flags) => run(terminal, flags, names));
  return withExamples(
    command,
    'sidegate run',
    'sidegate run --mode shadow',
    'sidegate run --listen 127.0.0.1:9443 --limits.drain 5s',
  );
}

/** Adds a flag for every setting, short and dotted. Gives the dotted name of each by the key commander keeps it under. */
function settingOptions(command: Command): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const setting of SETTINGS) {
    const dotted = flagOf(setting);
    for (const flag of new Set([setting.flag ?? dotted, dotted])) {
      const option = new Option(`--${flag} <${setting.value}>`, setting.help);
      command.addOption(option.hideHelp(flag !== setting.flag));
      names.set(option.attributeName(), dotted);
    }
  }
  return names;
}

async function run(
  terminal: Terminal,
  flags: Flags,
  names: ReadonlyMap<string, string>,
): Promise<void> {
  const given = Object.entries(flags).flatMap(([key, value]) => {
    const name = names.get(key);
    return name === undefined || typeof value !== 'string' ? [] : [[name, value] as const];
  });
  const file = atCwd(terminal, String(flags.config));
  const { config, warnings } = loadConfig(file, {
    flags: Object.fromEntries(given),
    trust: Array.isArray(flags.trust) ? flags.trust : [],
    variables: terminal.env,
    folder: terminal.cwd,
  });
  const colours = terminal.errIsTTY && terminal.env.NO_COLOR === undefined;
  const output = {
    write: (text: string) => terminal.err(text),
    terminal: terminal.errIsTTY,
    colours,
  };
  const { now, signals, lastWords } = terminal;
  await serve(async (stop) => {
    const sidecar = await startSidecar({ config, output, warnings, now, file, stop });
    lastWords.add(() => sidecar.breakOff());
    return sidecar;
  }, signals);
}
