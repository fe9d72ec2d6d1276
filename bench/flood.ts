// What one agent notices of another's flood: node bench/flood.ts
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { SidecarProcess } from '../scripts/soak/sidecar.ts';
import { ensure } from '../src/ca/index.ts';
import { systemClock } from '../src/lib/index.ts';
import { TrustDomain } from '../src/spiffe/index.ts';
import type { BenchResult } from './policy.ts';

const ROUNDS = 6;
const ROUND = 2500;
/** Of a round, until what a change of phase brings has passed. */
const SETTLE = 300;
const PAUSE = 4;
const MAX_RATIO = 2;

const POLICY = `version: 1
trustDomain: acme.test
agents: { quiet: [invoices:read], flooder: [invoices:read] }
routes:
  GET /invoices/{id}: { scopes: [invoices:read], rate: 500/s, burst: 500, concurrency: 8 }
`;
const CONFIG = `inbound: { listen: 127.0.0.1:0, upstream: unix:agent.sock }
identity: { cert: certs/invoices.crt, key: certs/invoices.key }
trust: { acme.test: { roots: certs/ca.crt, crl: certs/ca.crl } }
policy: policy.yaml
audit: { file: audit.jsonl }
limits: { connectionsPerAgent: 16 }
`;

type Phase = 'calm' | 'flood';

/** The latency of a quiet agent's calls, with and without another that floods; phases in turns, in one run. */
export async function benchFlood(): Promise<BenchResult> {
  const folder = mkdtempSync(join(tmpdir(), 'sidegate-flood-'));
  await using all = new AsyncDisposableStack();
  all.defer(() => rmSync(folder, { recursive: true, force: true }));
  const agent = createServer((_, response) => response.end('{"id":"INV-1"}'));
  all.defer(() => agent.close().closeAllConnections());
  writeFiles(folder);
  agent.listen(join(folder, 'agent.sock'));
  const sidecar = await SidecarProcess.start(folder);
  all.defer(async () => {
    await sidecar.stop();
  });
  const origin = `https://127.0.0.1:${sidecar.port}`;
  const flooder = fork(join(import.meta.dirname, 'flooder.ts'), [folder, origin]);
  all.defer(() => {
    flooder.kill();
  });
  const pool = quietPool(folder, origin);
  all.defer(() => pool.destroy());
  const times: Record<Phase, number[]> = { calm: [], flood: [] };
  await measure(pool, []);
  for (let round = 0; round < ROUNDS; round++)
    for (const phase of ['calm', 'flood'] as const) {
      flooder.send(phase);
      await sleep(SETTLE);
      await measure(pool, times[phase]);
    }
  return report(times, await countsOf(flooder));
}

function writeFiles(folder: string): void {
  writeFileSync(join(folder, 'policy.yaml'), POLICY);
  writeFileSync(join(folder, 'sidegate.yaml'), CONFIG);
  ensure({
    folder: join(folder, 'certs'),
    trustDomain: TrustDomain.parse('acme.test'),
    agents: [{ name: 'invoices', ip: ['127.0.0.1'] }, { name: 'quiet' }, { name: 'flooder' }],
    now: systemClock,
  });
}

function quietPool(folder: string, origin: string): Pool {
  const read = (file: string) => readFileSync(join(folder, 'certs', file));
  const connect = { ca: read('ca.crt'), cert: read('quiet.crt'), key: read('quiet.key') };
  return new Pool(origin, { connections: 4, connect });
}

/** Adds the milliseconds that each call took. */
async function measure(pool: Pool, times: number[]): Promise<void> {
  for (const end = performance.now() + ROUND; performance.now() < end; await sleep(PAUSE)) {
    const from = performance.now();
    const { statusCode, body } = await pool.request({ method: 'GET', path: '/invoices/INV-1' });
    await body.dump();
    if (statusCode !== 200) throw new Error(`the quiet agent was answered ${statusCode}`);
    times.push(performance.now() - from);
  }
}

async function countsOf(flooder: ChildProcess): Promise<Record<string, number>> {
  const said = once(flooder, 'message');
  flooder.send('end');
  const [counts] = (await said) as [Record<string, number>];
  return counts;
}

function report(times: Record<Phase, number[]>, counts: Record<string, number>): BenchResult {
  const ratio = quantile(times.flood, 0.99) / quantile(times.calm, 0.99);
  const ok = ratio < MAX_RATIO;
  const seconds = (ROUNDS * (ROUND + SETTLE)) / 1000;
  const flood = Object.entries(counts).map(
    ([status, count]) => `${(count / seconds).toFixed(0)} × ${status === '0' ? 'cut' : status}`,
  );
  return {
    lines: [
      `a quiet agent's calls, ${ROUNDS} phases each, in turns:`,
      ...(['calm', 'flood'] as const).map((phase) => row(phase, times[phase])),
      `  the flood, answers a second: ${flood.join(', ')}`,
      `  p99 ratio ${ratio.toFixed(2)}; goal under ${MAX_RATIO}: ${ok ? 'met' : 'MISSED'}`,
    ],
    ok,
  };
}

function row(phase: Phase, times: readonly number[]): string {
  const cell = (share: number) => `${quantile(times, share).toFixed(2).padStart(7)} ms`;
  return `  ${phase.padEnd(6)} p50 ${cell(0.5)}  p99 ${cell(0.99)}  (${times.length} calls)`;
}

function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] ?? NaN;
}

if (import.meta.main) {
  const { lines, ok } = await benchFlood();
  process.stdout.write(`${lines.join('\n')}\n`);
  process.exitCode = ok ? 0 : 1;
}
