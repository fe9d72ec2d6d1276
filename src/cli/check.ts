import { Command, Option } from 'commander';
import { checkCertificates } from './check/certificates.ts';
import { attempt, right, warning, type Finding } from './check/finding.ts';
import { outsideAddresses } from './check/addresses.ts';
import { checkPolicy } from './check/policy.ts';
import { checkReach, checkTargets, readTarget } from './check/reach.ts';
import { checkUpstream } from './check/upstream.ts';
import { readConfigFile } from './config-file.ts';
import { DEFAULT_CONFIG, JSON_HELP } from './defaults.ts';
import { withExamples } from './example.ts';
import { ExitWith } from './exit-with.ts';
import { harmless } from './harmless.ts';
import { printJson } from './json.ts';
import { seenFromCwd } from './paths.ts';
import { collect } from './read-argument.ts';
import type { Terminal } from './terminal.ts';
import { plural } from './when.ts';

interface CheckFlags {
  readonly config: string;
  readonly reach?: readonly string[];
  readonly json?: true;
}

export function checkCommand(terminal: Terminal): Command {
  const command = new Command('check')
    .description(
      'Looks at everything that `run` would need: configuration, certificates, policy, and whether the agent can be reached. Says what is right, what is wrong, and the remedy. Exit code 2 if anything is wrong.',
    )
    .option('--config <file>', 'the configuration', DEFAULT_CONFIG)
    .addOption(reachOption())
    .option('--json', JSON_HELP)
    .action((flags: CheckFlags) => check(terminal, flags));
  return withExamples(
    command,
    'sidegate check',
    'sidegate check --config sidegate.yaml --json',
    'sidegate check --reach',
    'sidegate check --reach 10.0.0.5:3000 --reach agent:3000',
  );
}

/** Alone it means the configured agent; `''` stands for that. */
function reachOption(): Option {
  return new Option(
    '--reach [host:port]',
    'also try to get to the agent without the sidecar, which must fail: at every address of this machine, or at those given, for which no configuration is needed; may be repeated',
  )
    .preset('')
    .argParser(collect);
}

async function check(terminal: Terminal, flags: CheckFlags): Promise<void> {
  const findings = await lookAround(terminal, flags);
  const faults = findings.filter(({ result }) => result === 'wrong').length;
  if (flags.json === true) printJson(terminal, { ok: faults === 0, findings: findings.map(plain) });
  else {
    for (const finding of findings) terminal.out(harmless(seenFromCwd(terminal, render(finding))));
    terminal.out(faults === 0 ? `${allRight(flags)}\n` : `${plural(faults, 'thing')} to mend\n`);
  }
  if (faults > 0) throw new ExitWith(2);
}

/** With addresses alone, it may run where there is no sidecar: on another machine, where callers are. */
async function lookAround(terminal: Terminal, flags: CheckFlags): Promise<readonly Finding[]> {
  const { reach = [], config } = flags;
  const targets = reach.filter((text) => text !== '').map(readTarget);
  const outside = await checkTargets(targets);
  const onlyOutside = targets.length > 0 && targets.length === reach.length;
  if (onlyOutside) return outside;
  return [...(await lookAtAll(terminal, config, reach.length > 0)), ...outside];
}

function allRight({ reach }: CheckFlags): string {
  return reach === undefined ? 'Ready: sidegate run' : 'Nobody walks round it from here';
}

async function lookAtAll(
  terminal: Terminal,
  name: string,
  reach: boolean,
): Promise<readonly Finding[]> {
  const what = 'configuration';
  const { value, findings } = await attempt(what, () => readConfigFile(terminal, name));
  // Without it, nobody knows which certificates, policy and agent are meant.
  if (value === undefined) return findings;
  const { config, warnings } = value;
  const now = terminal.now();
  const certificates = await checkCertificates(config, now);
  return [
    right(what, name),
    ...warnings.map((text) => warning(what, text)),
    ...certificates.findings,
    ...(await checkPolicy(config, certificates.trusted, now)),
    await checkUpstream(config.inbound.upstream),
    ...(reach ? await checkReach({ ...config.inbound, addresses: outsideAddresses() }) : []),
  ];
}

const MARKS = { right: '✓', warning: '!', wrong: '✗' } as const;
const WIDTH = 'configuration'.length;

function render({ what, result, message, remedy, rendered }: Finding): string {
  const text = rendered ?? (remedy === undefined ? message : `${message}\n  ${remedy}`);
  const [first, ...more] = text.split('\n');
  const indent = ' '.repeat(WIDTH + 4);
  return [
    `${MARKS[result]} ${what.padEnd(WIDTH)}  ${first ?? ''}\n`,
    ...more.map((line) => `${indent}${line}\n`),
  ].join('');
}

function plain({ what, result, message, remedy, place }: Finding): object {
  return { what, result, message, remedy, place };
}
