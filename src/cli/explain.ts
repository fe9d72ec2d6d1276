import { Command } from 'commander';
import { FAILURES } from '../call/index.ts';
import { explain, renderExplanation, type AskedToken, type Explanation } from '../policy/index.ts';
import { canonicalTarget } from '../call/index.ts';
import { DEFAULT_POLICY, JSON_HELP } from './defaults.ts';
import { withExamples } from './example.ts';
import { harmless } from './harmless.ts';
import { printJson } from './json.ts';
import { seenFromCwd } from './paths.ts';
import { readPolicyFile } from './policy-file.ts';
import type { Terminal } from './terminal.ts';

interface ExplainFlags {
  readonly policy: string;
  readonly for?: string;
  readonly tokenScopes?: string;
  readonly via?: readonly string[];
  readonly json?: true;
}

interface Asked {
  readonly agent: string;
  readonly method: string;
  readonly path: string;
}

export function explainCommand(terminal: Terminal): Command {
  const command = new Command('explain')
    .description('Says what the policy answers to a call, by which rule, and what would change it.')
    .argument('<agent>', "an agent's name in the policy, or a SPIFFE ID")
    .argument('<method>', 'GET, POST, …')
    .argument('<path>', 'as the caller would send it')
    .option('--policy <file>', 'the policy', DEFAULT_POLICY)
    .option('--for <subject>', 'it sends a token that speaks for this issuer/subject')
    .option('--token-scopes <scopes>', 'it sends a token with these scopes, e.g. a:read,a:write')
    .option('--via <actor>', 'who stands between the two; again for each, in their order', collect)
    .option('--json', JSON_HELP)
    .action((agent: string, method: string, path: string, flags: ExplainFlags) =>
      explainOne(terminal, { agent, method, path }, flags),
    );
  return withExamples(
    command,
    'sidegate explain billing POST /invoices',
    'sidegate explain billing GET /invoices --for sts/alice --token-scopes invoices:read --via planner',
  );
}

function collect(actor: string, before: readonly string[] = []): readonly string[] {
  return [...before, actor];
}

/** Any of the three flags means a token; without scopes it has none. */
function tokenOf({ for: subject, tokenScopes, via }: ExplainFlags): AskedToken | undefined {
  if (subject === undefined && tokenScopes === undefined && via === undefined) return undefined;
  return { for: subject, scopes: tokenScopes?.split(',').filter(Boolean) ?? [], via };
}

/** The path goes the way of a call's: one that the door refuses never comes before the policy. */
function explainOne(terminal: Terminal, asked: Asked, flags: ExplainFlags): void {
  const policy = readPolicyFile(terminal, flags.policy);
  const target = canonicalTarget(asked.path);
  if ('fault' in target) return printRefused(terminal, asked, target.fault, flags);
  const { agent, method } = asked;
  const explanation = explain(policy, {
    as: agent,
    method,
    path: target.meaning,
    token: tokenOf(flags),
  });
  if (flags.json === true) return printJson(terminal, plain(explanation));
  terminal.out(`${harmless(seenFromCwd(terminal, renderExplanation(explanation)))}\n`);
}

function printRefused(terminal: Terminal, asked: Asked, fault: string, flags: ExplainFlags): void {
  const code = 'MALFORMED_REQUEST';
  if (flags.json === true) return printJson(terminal, { ...asked, allowed: false, code, fault });
  const { status, operator, remedy } = FAILURES[code];
  const sentence = `nobody may ${asked.method} ${asked.path}: ${fault}.`;
  terminal.out(harmless(`✗ ${status} ${code}  ${sentence}\n  ${operator}\n  ${remedy}\n`));
}

function plain(explanation: Explanation): object {
  const { ask, allowed, code, agent, rule, nearest, required, held, missing } = explanation;
  return {
    agent: ask.as,
    spiffeId: agent?.spiffeId.toString(),
    method: ask.method,
    path: ask.path,
    token: ask.token,
    allowed,
    code,
    rule: rule === undefined ? undefined : { name: rule.name, nearest, ...rule.at },
    required,
    held,
    missing: missing === '' ? undefined : missing,
    whose: explanation.whose,
    didYouMean: explanation.meant,
    change: explanation.change,
    sentences: explanation.sentences,
  };
}
