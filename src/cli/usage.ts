import type { Command, CommanderError } from 'commander';
import { OperatorFault } from '../lib/index.ts';
import { ExitWith } from './exit-with.ts';

/** Help or the version was asked for and has been printed. */
export class Answered extends Error {}

/** Commander's own ending of a command line in our words: a fault of usage, unless it was asked for. */
export function usageEnd(command: Command, error: CommanderError): Error {
  if (error.exitCode === 0) return new Answered(error.code);
  // A command that is only the name of others was called without one: its help has been printed.
  if (error.code === 'commander.help') return new ExitWith(2);
  const [first = '', ...hints] = error.message.replace(/^error: /, '').split('\n');
  const guess = hints.map((hint) => hint.replace(/^\((.*)\)$/, '$1 ')).join('');
  const message = first.replace(/\.$/, '');
  return new OperatorFault(message, `${guess}See: ${fullName(command)} --help`, { exitCode: 2 });
}

function fullName(command: Command): string {
  return command.parent === null ? command.name() : `${fullName(command.parent)} ${command.name()}`;
}
