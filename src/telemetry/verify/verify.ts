import { Findings, type Verification } from './findings.ts';
import { Heads, type Vouch } from './heads.ts';
import { readLines } from './read-lines.ts';
import { ChainWalk } from './walk.ts';

export interface VerifyOptions {
  readonly vouch: Vouch;
  /** The seq that the first line must have; more than 1 where earlier files are kept elsewhere. */
  readonly from: number;
  /** The end may be open, because the sidecar goes on writing. */
  readonly running: boolean;
  /** The only SPIFFE ID whose signature is taken; without it, whoever signed the first head. */
  readonly signer: string | undefined;
}

/**
 * Reads audit files, the oldest first, and finds every line that is not as it was written. Fails closed: what cannot be
 * told from a cut-off end is a fault, unless `running` allows it.
 *
 * @throws OperatorFault if a file cannot be read
 */
export async function verifyAudit(
  files: readonly string[],
  options: VerifyOptions,
): Promise<Verification> {
  const found = new Findings();
  const { vouch, from, running, signer } = options;
  const heads = new Heads({ vouch, found, signer });
  const walk = new ChainWalk(found, heads, from);
  for (const file of files) {
    let last: { number: number; ended: boolean } = { number: 0, ended: true };
    for await (const lines of readLines(file))
      for (const line of lines) {
        walk.step(file, line);
        last = line;
      }
    unended(file, last, found, running && file === files.at(-1));
  }
  walk.end(running);
  const { faults, notes } = found;
  if (walk.lines === 0) noLines(files, found);
  const signers = { signer: heads.signer, heads: heads.count };
  return { intact: !found.broken, ...walk.summary, ...signers, faults, notes };
}

function unended(
  file: string,
  { number, ended }: { number: number; ended: boolean },
  found: Findings,
  allowed: boolean,
): void {
  if (ended || allowed) return;
  const at = { file, line: number, seq: undefined };
  const message = 'the last line has no line break: the end was cut off, or the process died there';
  found.fault('torn', at, message, 'A sidecar that is stopped in order ends its file with a head.');
}

function noLines(files: readonly string[], found: Findings): void {
  const at = { file: files[0] ?? '', line: 0, seq: undefined };
  found.fault('end', at, 'there is no line', 'Name the audit files, the oldest first.');
}
