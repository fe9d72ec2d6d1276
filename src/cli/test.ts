import { Command } from 'commander';
import { readText } from '../files/index.ts';
import { placeOf } from '../lib/index.ts';
import { loadCases, runCases, type CaseResult } from '../policy/index.ts';
import { canonicalTarget } from '../call/index.ts';
import { DEFAULT_POLICY, JSON_HELP } from './defaults.ts';
import { withExamples } from './example.ts';
import { ExitWith } from './exit-with.ts';
import { harmless } from './harmless.ts';
import { printJson } from './json.ts';
import { atCwd, seenFromCwd } from './paths.ts';
import { readPolicyFile } from './policy-file.ts';
import type { Terminal } from './terminal.ts';
import { plural } from './when.ts';

interface TestFlags {
  readonly policy: string;
  readonly json?: true;
}

const CASES = {
  what: 'the cases',
  ifMissing:
    "Write one such as:\n    cases:\n      - { as: billing, call: 'GET /invoices', expect: allow }",
};

export function testCommand(terminal: Terminal): Command {
  const command = new Command('test')
    .description('Holds the policy against cases: calls, and what it must say of each.')
    .argument('[file]', 'the cases; by default beside the policy: policy.test.yaml')
    .option('--policy <file>', 'the policy', DEFAULT_POLICY)
    .option('--json', JSON_HELP)
    .action((file: string | undefined, flags: TestFlags) => test(terminal, file, flags));
  return withExamples(command, 'sidegate test', 'sidegate test cases.yaml --policy policy.yaml');
}

function test(terminal: Terminal, named: string | undefined, flags: TestFlags): void {
  const policy = readPolicyFile(terminal, flags.policy);
  const file = atCwd(terminal, named ?? flags.policy.replace(/(\.ya?ml)?$/, '.test.yaml'));
  const results = runCases(policy, loadCases(readText(file, CASES), file), canonicalTarget);
  if (flags.json === true) printJson(terminal, results.map(plain));
  else printResults(terminal, results, flags);
  if (results.some(({ passed }) => !passed)) throw new ExitWith(1);
}

function printResults(terminal: Terminal, results: readonly CaseResult[], flags: TestFlags): void {
  for (const result of results)
    terminal.out(harmless(seenFromCwd(terminal, lineOf(result, flags.policy))));
  const failed = results.filter(({ passed }) => !passed).length;
  terminal.out(`${plural(results.length - failed, 'case')} passed, ${failed} failed\n`);
}

function lineOf({ case: one, passed, actual }: CaseResult, policy: string): string {
  const call = `${one.as}  ${one.method} ${one.target}${tokenFlags(one)}`;
  if (passed) return `✓ ${call}  ${one.expect}\n`;
  const place = placeOf({ at: one.at, message: '', remedy: '' });
  const asked = `${one.as} ${one.method} ${one.target}${tokenFlags(one)}`;
  const next = `sidegate explain ${asked} --policy ${policy}`;
  return `✗ ${call}  expected ${one.expect}, is ${actual}  ${place}\n    → ${next}\n`;
}

/** The token of a case, as the flags of `explain`. */
function tokenFlags({ token }: CaseResult['case']): string {
  if (token === undefined) return '';
  const flags = [
    ['for', token.for ?? ''],
    ['token-scopes', token.scopes.join(',') || "''"],
    ...(token.via ?? []).map((actor) => ['via', actor]),
  ];
  return flags.map(([name, value]) => (value === '' ? '' : ` --${name} ${value}`)).join('');
}

function plain({ case: one, passed, actual }: CaseResult): object {
  const { as, method, target, token, expect, at } = one;
  return { as, method, path: target, token, expect, actual, passed, file: at.file, line: at.line };
}
