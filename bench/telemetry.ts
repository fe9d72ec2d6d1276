import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTelemetry } from '../src/telemetry/index.ts';
import { aCall, ended } from '../test/support/calls.ts';

const EVENTS = 200_000;
const BATCH = 500;

/** What it costs to tell of one call: metrics and memory, then also the line in the audit file. */
export async function benchTelemetry(): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'sidegate-bench-'));
  try {
    const file = join(folder, 'audit.jsonl');
    const rows = [
      ['without audit', await costOf(undefined)],
      ['with audit', await costOf(file)],
    ] as const;
    return [
      'telling of one finished call, CPU of all threads:',
      ...rows.map(([name, cost]) => `  ${name.padEnd(14)} ${cost.toFixed(2)} µs`),
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Microseconds. */
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

if (import.meta.main) process.stdout.write(`${(await benchTelemetry()).join('\n')}\n`);
