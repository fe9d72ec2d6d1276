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

function plain({ routes, rows }: Matrix): object {
  return rows.map(({ agent, cells }) => ({
    agent: agent.name,
    spiffeId: agent.spiffeId.toString(),
    routes: cells.map((cell, index) => ({ route: routes[index]?.name, ...cell })),
  }));
}
