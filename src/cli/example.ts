import type { Command } from 'commander';

/** Adds examples to the end of a command's help; each is a line as it would be typed. */
export function withExamples(command: Command, ...lines: readonly string[]): Command {
  const heading = lines.length === 1 ? 'Example:' : 'Examples:';
  return command.addHelpText(
    'after',
    ['', heading, ...lines.map((line) => `  ${line}`)].join('\n'),
  );
}
