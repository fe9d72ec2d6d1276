import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTelemetry } from '../src/telemetry/index.ts';
import { aCall, ended } from '../test/support/calls.ts';

export interface TelemetryCost {
  /** Microseconds of CPU, of all threads of the process, for one allowed and finished call. */
  readonly withAudit: number;
  readonly withoutAudit: number;
}

const EVENTS = 200_000;
const BATCH = 500;

/** What it costs to tell of one call: metrics, memory and, in the first number, the line in the audit file. */
export async function benchTelemetry(): Promise<TelemetryCost> {
  const folder = mkdtempSync(join(tmpdir(), 'sidegate-bench-'));
  try {
    const file = join(folder, 'audit.jsonl');
    return { withoutAudit: await costOf(undefined), withAudit: await costOf(file) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function costOf(file: string | undefined): Promise<number> {
  const telemetry = createTelemetry({
    output: { write: () => undefined, terminal: false, colours: false },
    audit: file === undefined ? undefined : { file, onFull: 'refuse' },
  });
  const event = ended(aCall());
  const run = async (events: number) => {
    for (let done = 0; done < events; done += BATCH) {
      for (let i = 0; i < BATCH; i++) telemetry.emit(event);
      await telemetry.flush();
    }
  };
  await run(EVENTS / 10);
  const before = process.cpuUsage();
  await run(EVENTS);
  const { user, system } = process.cpuUsage(before);
  await telemetry.close();
  return (user + system) / EVENTS;
}

if (import.meta.main) {
  const { withAudit, withoutAudit } = await benchTelemetry();
  console.log(`a finished call, without audit: ${withoutAudit.toFixed(2)} µs CPU`);
  console.log(`a finished call, with audit:    ${withAudit.toFixed(2)} µs CPU`);
}
