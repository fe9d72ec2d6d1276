import { Command } from 'commander';
import { OperatorFault } from '../lib/index.ts';
import { DEFAULT_TRUST_DOMAIN, JSON_HELP } from './defaults.ts';
import { withExamples } from './example.ts';
import { carryOut, filesOf } from './init/plan.ts';
import { LISTEN, scopeOf, type Starter } from './init/starter.ts';
import { upstreamFor } from './init/upstream.ts';
import { printJson } from './json.ts';
import { folderAtCwd } from './paths.ts';
import { readTrustDomain } from './read-argument.ts';
import { renderTable } from './table.ts';
import type { Terminal } from './terminal.ts';

interface InitFlags {
  readonly upstream: string;
  readonly trustDomain: string;
  readonly dir: string;
  readonly json?: true;
}

/** A name that both the certificate authority and the policy take. */
const NAME = /^[a-z][a-z0-9._-]{0,62}$/;

export function initCommand(terminal: Terminal): Command {
  const command = new Command('init')
    .description(
      "Puts a sidecar in front of your own agent: writes sidegate.yaml, policy.yaml, a certificate authority, your agent's certificate and a client's. Overwrites nothing.",
    )
    .argument('<name>', 'what your agent is called')
    .requiredOption('--upstream <url>', 'where it listens: http://127.0.0.1:3000 or unix:file')
    .option('--trust-domain <name>', 'of all certificates here', DEFAULT_TRUST_DOMAIN)
    .option('--dir <folder>', 'where to write', '.')
    .option('--json', JSON_HELP)
    .action((name: string, flags: InitFlags) => init(terminal, name, flags));
  return withExamples(command, 'sidegate init invoices --upstream http://127.0.0.1:3000');
}

function init(terminal: Terminal, name: string, flags: InitFlags): void {
  const trustDomain = readTrustDomain(flags.trustDomain);
  checkName(name);
  const folder = folderAtCwd(terminal, flags.dir);
  const upstream = upstreamFor(flags.upstream, { cwd: terminal.cwd, folder });
  const caller = name === 'client' ? 'caller' : 'client';
  const starter = { name, caller, trustDomain: trustDomain.name, upstream };
  carryOut({ folder, starter, trustDomain, now: terminal.now });
  if (flags.json !== true) return print(terminal, starter, flags.dir);
  printJson(terminal, { folder, ...starter, files: filesOf(starter), try: curlOf(starter) });
}

function checkName(name: string): void {
  if (NAME.test(name) && name !== 'ca') return;
  throw new OperatorFault(
    `'${name}' cannot be the name of an agent`,
    'Use a-z, 0-9, ".", "_" and "-", at most 63, beginning with a letter; not "ca".',
  );
}

function print(terminal: Terminal, starter: Starter, dir: string): void {
  const { name, caller, trustDomain, upstream } = starter;
  const made = renderTable([
    ['', 'sidegate.yaml', `${name} at ${upstream}, behind https://${LISTEN}`],
    [
      '',
      'policy.yaml',
      `${caller} holds ${scopeOf(starter)} and may GET /; nothing else is allowed`,
    ],
    ['', 'certs/', `a CA for ${trustDomain}, and certificates for ${name} and ${caller}`],
    ['', 'run/', 'where the audit and the admin socket will be'],
  ]);
  const next = [
    ...(dir === '.' ? [] : [`cd ${dir}`]),
    'sidegate run',
    curlOf(starter),
    'sidegate why                # after a denial: the gates, the rule, what was missing',
    'sidegate run --mode shadow  # forward everything, and see what would be denied',
    'sidegate ca renew --watch   # certificates live for a day; this keeps them fresh',
  ];
  terminal.out(`Made${dir === '.' ? '' : ` in ${dir}`}:\n${made}\nNext:\n`);
  for (const line of next) terminal.out(`  ${line}\n`);
}

function curlOf({ caller }: Starter): string {
  const files = `--cacert certs/ca.crt --cert certs/${caller}.crt --key certs/${caller}.key`;
  return `curl ${files} https://localhost:${LISTEN.split(':')[1] ?? ''}/`;
}
