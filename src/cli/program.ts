import { Command } from 'commander';
import { COMMANDS, type CommandEntry } from './commands.ts';
import type { Terminal } from './terminal.ts';
import { usageEnd } from './usage.ts';
import { packageVersion } from './package.ts';

/** The command line. Of the commands only the one that is meant is really there; the others are its names in the help. */
export async function buildProgram(args: readonly string[], terminal: Terminal): Promise<Command> {
  const program = new Command('sidegate');
  program
    .description('Decides which agent may call yours, and for what: mTLS in front, default deny.')
    .usage('COMMAND [options]')
    .version(packageVersion(), '--version', 'show the version')
    .helpOption('-h, --help', 'show help')
    .addHelpCommand(helpCommand())
    .configureOutput({
      writeOut: (text) => terminal.out(text),
      writeErr: (text) => terminal.err(text),
      // What is wrong is told once, by `report`.
      outputError: () => undefined,
      getOutHelpWidth: () => terminal.columns,
      getErrHelpWidth: () => terminal.columns,
    });
  program.addHelpText('after', AFTER);
  const meant = meantCommand(args);
  for (const entry of COMMANDS)
    program.addCommand(await commandOf(entry, meant === entry.name, terminal));
  settle(program, program);
  return program;
}

const AFTER = `
Example:
  sidegate init invoices --upstream http://127.0.0.1:3000

Every command has --help with an example, and --json for scripts.`;

function helpCommand(): Command {
  return new Command('help')
    .argument('[command]')
    .summary('show the help of a command')
    .helpGroup('Help:');
}

/** The first word that is no option: the program's own options take no values. */
function meantCommand(args: readonly string[]): string | undefined {
  const words = args.filter((arg) => !arg.startsWith('-'));
  return words[0] === 'help' ? words[1] : words[0];
}

async function commandOf(
  entry: CommandEntry,
  meant: boolean,
  terminal: Terminal,
): Promise<Command> {
  const command = meant ? await entry.load(terminal) : new Command(entry.name);
  return command.summary(entry.summary).helpGroup(entry.group);
}

/** Commands are made in files of their own, so they do not inherit by themselves how to print and how to end. */
function settle(command: Command, program: Command): void {
  if (command !== program) command.copyInheritedSettings(program);
  command.exitOverride((error) => {
    throw usageEnd(command, error);
  });
  for (const child of command.commands) settle(child, program);
}
