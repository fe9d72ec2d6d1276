import { Command } from 'commander';
import { OperatorFault } from '../../lib/index.ts';
import { verifyAudit, type Finding, type Verification } from '../../telemetry/index.ts';
import { voucherOf } from '../../tls/index.ts';
import { JSON_HELP } from '../defaults.ts';
import { withExamples } from '../example.ts';
import { ExitWith } from '../exit-with.ts';
import { harmless } from '../harmless.ts';
import { printJson } from '../json.ts';
import { atCwd, seenFromCwd } from '../paths.ts';
import { readSpiffeId } from '../read-argument.ts';
import type { Terminal } from '../terminal.ts';
import { plural } from '../when.ts';

interface VerifyFlags {
  readonly roots?: string;
  readonly signer?: string;
  readonly from?: string;
  readonly running?: true;
  readonly json?: true;
}

const UNVOUCHED =
  'Nobody vouched for the certificates that signed: name the roots with --roots, or the whole audit could be made up.';

export function verifyCommand(terminal: Terminal): Command {
  const command = new Command('verify')
    .description(
      'Finds every line of an audit that was changed, removed, added or put elsewhere, and an end that was cut off. Exit code 0 if all is intact, 1 if not.',
    )
    .argument('<files...>', 'audit files, the oldest first')
    .option('--roots <file>', 'the roots that vouch for the sidecar')
    .option('--signer <id>', "the sidecar's SPIFFE ID; other agents' signatures are not taken")
    .option('--running', 'the sidecar goes on writing: the end may be open')
    .option('--from <seq>', 'where the first file begins, if earlier ones are kept elsewhere', '1')
    .option('--json', JSON_HELP)
    .action((files: string[], flags: VerifyFlags) => verify(terminal, files, flags));
  return withExamples(
    command,
    'sidegate audit verify audit.jsonl --roots certs/ca.crt',
    'sidegate audit verify audit.jsonl.2 audit.jsonl.1 audit.jsonl --roots certs/ca.crt --running',
  );
}

async function verify(
  terminal: Terminal,
  files: readonly string[],
  flags: VerifyFlags,
): Promise<void> {
  const result = await verifyAudit(
    files.map((file) => atCwd(terminal, file)),
    {
      vouch: voucherOf(flags.roots === undefined ? undefined : atCwd(terminal, flags.roots)),
      from: readSeq(flags.from ?? '1'),
      running: flags.running === true,
      signer: flags.signer === undefined ? undefined : readSpiffeId(flags.signer).toString(),
    },
  );
  const vouched = flags.roots !== undefined;
  if (flags.json === true) printJson(terminal, { ...result, vouched });
  else terminal.out(seenFromCwd(terminal, harmless(render(result, vouched))));
  if (!result.intact) throw new ExitWith(1);
}

function readSeq(text: string): number {
  const seq = Number(text);
  if (/^\d{1,15}$/.test(text) && seq >= 1) return seq;
  throw new OperatorFault(`'${text}' is no seq`, 'Write a whole number from 1, e.g. --from 1042.');
}

function render(result: Verification, vouched: boolean): string {
  const { faults, notes, lines, firstSeq, lastSeq, signedSeq, heads, signer } = result;
  const range = firstSeq === undefined ? '' : ` (seq ${firstSeq} to ${lastSeq})`;
  const by = signer === undefined ? '' : `, signed up to seq ${signedSeq ?? 'none'} by ${signer}`;
  const parts = [
    ...faults.map((fault) => `✗ ${told(fault)}\n  ${fault.remedy}\n`),
    ...notes.map((note) => `· ${told(note)}\n`),
  ];
  if (heads > 0 && !vouched) parts.push(`· ${UNVOUCHED}\n`);
  const verdict = result.intact ? '✓ intact' : '✗ not intact';
  return `${parts.join('')}${verdict}: ${plural(lines, 'line')}${range}${by}\n`;
}

function told({ at, message }: Finding): string {
  const seq = at.seq === undefined ? '' : `: seq ${at.seq}`;
  return `${at.file}:${at.line}${seq}: ${message}`;
}
