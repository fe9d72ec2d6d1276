import { Command } from 'commander';
import { matrix, renderMatrix, type Matrix } from '../policy/index.ts';
import { DEFAULT_POLICY, JSON_HELP } from './defaults.ts';
import { withExamples } from './example.ts';
import { printJson } from './json.ts';
import { readPolicyFile } from './policy-file.ts';
import type { Terminal } from './terminal.ts';

interface MatrixFlags {
  readonly policy: string;
  readonly json?: true;
}

export function matrixCommand(terminal: Terminal): Command {
  const command = new Command('matrix')
    .description('Draws every agent before every route of the policy: who may use what.')
    .option('--policy <file>', 'the policy', DEFAULT_POLICY)
    .option('--json', JSON_HELP)
    .action((flags: MatrixFlags) => draw(terminal, flags));
  return withExamples(command, 'sidegate matrix --policy policy.yaml');
}

function draw(terminal: Terminal, flags: MatrixFlags): void {
  const drawn = matrix(readPolicyFile(terminal, flags.policy));
  if (flags.json === true) return printJson(terminal, plain(drawn));
  terminal.out(`${renderMatrix(drawn, terminal.columns)}\n`);
}

/** `tasks`: milliseconds for which what its calls start may go on. */
function routeOf(route: Matrix['routes'][number] | undefined): object {
  const { tasks = 0 } = route?.tokenRule ?? {};
  return { route: route?.name, ...(tasks === 0 ? {} : { tasks }) };
}

function plain({ routes, rows }: Matrix): object {
  return rows.map(({ agent, cells }) => ({
    agent: agent.name,
    spiffeId: agent.spiffeId.toString(),
    routes: cells.map((cell, index) => ({ ...routeOf(routes[index]), ...cell })),
  }));
}
