import { join } from 'node:path';
import { checkAudit } from './audit.ts';
import type { Ledger } from './ledger.ts';
import type { Memory } from './memory.ts';
import { eventually } from './options.ts';
import { metric } from './sidecar.ts';
import type { Stage } from './stage.ts';

/** File descriptors that may be open at the end and were not at the start: the audit's, a watcher's. */
const SPARE = 6;

/** When everybody has gone: what is still open, how the process ends, and what the audit says of it all. */
export async function checkEnd(
  stage: Stage,
  { ledger, memory, handles }: { ledger: Ledger; memory: Memory; handles: number },
): Promise<void> {
  const { sidecar } = stage;
  await stage.upstream.crash();
  await checkEmpty(stage, ledger);
  const left = await eventually(() =>
    Promise.resolve(sidecar.handles <= handles + SPARE ? sidecar.handles : undefined),
  );
  ledger.count('handles at the start', handles);
  ledger.count('handles at the end', left ?? sidecar.handles);
  if (left === undefined) ledger.fault('open handles at the end', `${sidecar.handles}`);
  const code = await sidecar.stop();
  if (code !== 0) ledger.fault('the process did not end cleanly', `exit code ${code ?? 'none'}`);
  await checkAudit(join(stage.folder, 'audit.jsonl'), ledger);
  if (memory.growth !== undefined) ledger.fault('memory grows', memory.growth);
}

async function checkEmpty({ sidecar }: Stage, ledger: Ledger): Promise<void> {
  for (const name of ['sidegate_live_calls', 'sidegate_connections']) {
    const value = async () => metric(await sidecar.page('/metrics'), name);
    const empty = await eventually(async () => ((await value()) === 0 ? true : undefined));
    if (empty === undefined) ledger.fault(`${name} is not 0 at the end`, String(await value()));
  }
}
