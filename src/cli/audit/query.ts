import { Command } from 'commander';
import { OperatorFault, parseDuration } from '../../lib/index.ts';
import {
  harmlessJson,
  queryAudit,
  renderEntry,
  type AuditFilter,
  type AuditMatch,
} from '../../telemetry/index.ts';
import { readConfigFile } from '../config-file.ts';
import { DEFAULT_CONFIG } from '../defaults.ts';
import { withExamples } from '../example.ts';
import { ExitWith } from '../exit-with.ts';
import { harmless } from '../harmless.ts';
import { atCwd, seenFromCwd } from '../paths.ts';
import type { Terminal } from '../terminal.ts';

interface QueryFlags {
  readonly config: string;
  readonly agent?: string;
  readonly code?: string;
  readonly decision?: string;
  readonly since?: string;
  readonly until?: string;
  readonly trace?: string;
  readonly id?: string;
  readonly json?: true;
}

const DECISIONS = ['allow', 'deny', 'shadow-deny'];

export function queryCommand(terminal: Terminal): Command {
  const command = new Command('query')
    .description(
      'Shows the calls and refused connections of an audit file that match, in their order. Lines that cannot be read are told with their number; then the exit code is 1.',
    )
    .argument('[file]', 'the audit file; otherwise the one of the configuration')
    .option('--config <file>', 'where the audit file is named', DEFAULT_CONFIG)
    .option('--agent <name>', "the caller's name in the policy, or its whole SPIFFE ID")
    .option('--code <code>', 'OK, or a code such as SCOPE_MISSING')
    .option('--decision <decision>', DECISIONS.join(', '))
    .option('--since <time>', 'begun at that time or later: 2026-07-01T12:00:00Z, or 15m ago')
    .option('--until <time>', 'begun before that time')
    .option('--trace <id>', 'the W3C trace ID')
    .option('--id <id>', "a call's ID or its beginning")
    .option('--json', 'print the lines as JSON, one a call')
    .action((file: string | undefined, flags: QueryFlags) => query(terminal, file, flags));
  return withExamples(
    command,
    'sidegate audit query --decision deny --since 1h',
    'sidegate audit query audit.jsonl --agent billing --code SCOPE_MISSING',
    'sidegate audit query audit.jsonl --id k3f9 --json',
  );
}

async function query(
  terminal: Terminal,
  name: string | undefined,
  flags: QueryFlags,
): Promise<void> {
  const filter = filterOf(flags, terminal.now());
  const file = name === undefined ? configured(terminal, flags.config) : atCwd(terminal, name);
  const style = { colours: terminal.outIsTTY && terminal.env.NO_COLOR === undefined, hints: false };
  let bad = 0;
  for await (const match of queryAudit(file, filter)) {
    if (match.ok) terminal.out(flags.json === true ? jsonLine(match) : shown(match, style));
    else {
      bad += 1;
      terminal.err(seenFromCwd(terminal, harmless(`${file}:${match.line}: ${match.why}\n`)));
    }
  }
  if (bad > 0) throw new ExitWith(1);
}

function configured(terminal: Terminal, name: string): string {
  const { audit } = readConfigFile(terminal, name).config;
  if (audit !== undefined) return audit.file;
  throw new OperatorFault(`${name} has no audit`, "Name an audit file, or set 'audit.file' there.");
}

function filterOf(flags: QueryFlags, now: number): AuditFilter {
  const { agent, code, decision, trace, id } = flags;
  if (decision !== undefined && !DECISIONS.includes(decision))
    throw new OperatorFault(
      `'${decision}' is no decision`,
      `Write one of ${DECISIONS.join(', ')}.`,
    );
  const since = readTime(flags.since, now);
  return { agent, code, decision, trace, id, since, until: readTime(flags.until, now) };
}

/** A time, or a length of time before now. */
function readTime(text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined;
  const ago = parseDuration(text);
  if (ago !== undefined) return now - ago;
  const at = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(at)) return at;
  throw new OperatorFault(
    `'${text}' is no time`,
    'Write 2026-07-01, 2026-07-01T12:00:00Z, or how long ago: 15m.',
  );
}

function jsonLine({ record }: AuditMatch & { ok: true }): string {
  return `${harmlessJson(JSON.stringify(record))}\n`;
}

function shown(
  { record }: AuditMatch & { ok: true },
  style: { colours: boolean; hints: boolean },
): string {
  const place = { rule: undefined, agent: undefined, missingScopes: [], endedAt: 0 };
  const line = renderEntry({ record, ...place }, style);
  return `${harmless(record.time)}  ${harmless(record.id)}  ${line}\n`;
}
