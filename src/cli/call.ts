import { Command } from 'commander';
import { OperatorFault } from '../lib/index.ts';
import { callAs, type Answer } from './call/https.ts';
import { readIdentity } from './call/identity.ts';
import { readProblem, renderProblem } from './call/problem.ts';
import { DEFAULT_CA_FOLDER, JSON_HELP } from './defaults.ts';
import { withExamples } from './example.ts';
import { ExitWith } from './exit-with.ts';
import { harmless } from './harmless.ts';
import { printJson } from './json.ts';
import { atCwd } from './paths.ts';
import { collect } from './read-argument.ts';
import type { Terminal } from './terminal.ts';

interface CallFlags {
  readonly dir: string;
  readonly to: string;
  readonly data?: string;
  readonly header?: readonly string[];
  readonly json?: true;
}

export function callCommand(terminal: Terminal): Command {
  const command = new Command('call')
    .description(
      "Makes an HTTPS request with an agent's certificate, and says in words if it was refused. Exit code 1 for a refusal.",
    )
    .argument('<agent>', 'whose certificate to show: AGENT.crt and AGENT.key in the folder')
    .argument('<method>', 'GET, POST, …')
    .argument('<path>', 'sent exactly as it is')
    .option('--dir <folder>', 'where the certificates are', DEFAULT_CA_FOLDER)
    .option('--to <url>', 'the sidecar', 'https://localhost:8443')
    .option('-d, --data <text>', 'the body; JSON if it looks like it')
    .option('-H, --header <field>', "a header field, 'name: value'; may be repeated", collect)
    .option('--json', JSON_HELP)
    .action((agent: string, method: string, path: string, flags: CallFlags) =>
      call(terminal, { agent, method, path }, flags),
    );
  return withExamples(
    command,
    'sidegate call billing GET /invoices',
    `sidegate call billing POST /invoices -d '{"amount": 12}'`,
  );
}

async function call(
  terminal: Terminal,
  request: { agent: string; method: string; path: string },
  flags: CallFlags,
): Promise<void> {
  const { agent, method, path } = request;
  const identity = readIdentity(atCwd(terminal, flags.dir), agent);
  const headers = headersOf(flags);
  const to = readUrl(flags.to);
  const print = flags.json !== true;
  const answer = await callAs(identity, { to, method, path, headers, body: flags.data }, (text) => {
    if (print) terminal.out(harmless(text));
  });
  const problem = readProblem(answer);
  if (!print) printJson(terminal, { ...answer, problem });
  else if (problem !== undefined) terminal.out(harmless(renderProblem(answer, problem)));
  else terminal.err(`${answer.body.endsWith('\n') ? '' : '\n'}${statusLine(answer)}\n`);
  if (problem !== undefined) throw new ExitWith(1);
}

function statusLine({ status, reason }: Answer): string {
  return `${status} ${reason}`.trimEnd();
}

function readUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'https:' && url.pathname === '/') return url;
  throw new OperatorFault(
    `'${text}' is not where a sidecar listens`,
    'Write e.g. --to https://localhost:8443; the path is an argument of its own.',
  );
}

function headersOf({ header = [], data }: CallFlags): [string, string][] {
  const given = header.map(readHeader);
  const hasType = given.some(([name]) => name.toLowerCase() === 'content-type');
  if (data === undefined || hasType) return given;
  const type = /^\s*[[{]/.test(data) ? 'application/json' : 'text/plain; charset=utf-8';
  return [...given, ['content-type', type]];
}

function readHeader(text: string): [string, string] {
  const match = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)$/.exec(text);
  if (match !== null) return [match[1] ?? '', match[2] ?? ''];
  throw new OperatorFault(`'${text}' is not a header field`, "Write e.g. -H 'accept: text/plain'.");
}
