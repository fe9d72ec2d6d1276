// What one agent notices of another's floods: node bench/flood.ts [--rounds N] [FLOOD…]; the floods are in flooder.ts
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { Client, Pool, type Dispatcher } from 'undici';
import { SidecarProcess } from '../scripts/soak/sidecar.ts';
import { ensure } from '../src/ca/index.ts';
import { systemClock } from '../src/lib/index.ts';
import { TrustDomain } from '../src/spiffe/index.ts';
import type { Flood, Order } from './flooder.ts';
import type { BenchResult } from './policy.ts';

const FLOODS: readonly Flood[] = [
  'calls',
  'churn',
  'connections',
  'handshakes',
  'knocks',
  'malformed',
];
const ROUNDS = 4;
const ROUND = 2000;
/** Of a round, until what a change of phase brings has passed. */
const SETTLE = 400;
const PAUSE = 4;
/** Calls over kept connections between two that come over a new one. */
const CONNECT_EVERY = 50;
const MAX_RATIO = 2;
/** Two agents have two addresses. Linux alone has more than one of loopback without being told. */
const [QUIET, FLOODER] = process.platform === 'linux' ? ['127.0.0.3', '127.0.0.2'] : [];

const POLICY = `version: 1
trustDomain: acme.test
agents: { quiet: [invoices:read], flooder: [invoices:read] }
routes:
  GET /invoices/{id}: { scopes: [invoices:read], rate: 500/s, burst: 500, concurrency: 8 }
`;
const CONFIG = `inbound: { listen: 127.0.0.1:0, upstream: unix:../agent.sock }
identity: { cert: ../certs/invoices.crt, key: ../certs/invoices.key }
trust: { acme.test: { roots: ../certs/ca.crt, crl: ../certs/ca.crl } }
policy: ../policy.yaml
audit: { file: audit.jsonl }
limits: { connectionsPerAgent: 16 }
`;
const AGENT = `
const { workerData } = require('node:worker_threads');
require('node:http').createServer((_, response) => response.end('{"id":"INV-1"}')).listen(workerData);
`;

/**
 * `elsewhere` is the same flood against another sidecar beside the quiet agent's: what it costs is what the machine
 * takes from everybody, and what `flood` costs above it is what the sidecar itself lets one agent do to another.
 */
const PHASES = ['calm', 'elsewhere', 'flood'] as const;
type Phase = (typeof PHASES)[number];

/** Milliseconds of the quiet agent's calls: over connections that it keeps, and over new ones. */
interface Times {
  readonly kept: number[];
  readonly fresh: number[];
}

interface Measured {
  readonly times: Readonly<Record<Phase, Times>>;
  readonly counts: Map<string, number>;
}

interface Scene {
  readonly quiet: Quiet;
  readonly flooder: ChildProcess;
  readonly flooded: number;
  readonly elsewhere: number;
}

/** The latency of a quiet agent's calls, with and without another that floods; phases in turns, in one run. */
export async function benchFlood(floods = FLOODS, rounds = ROUNDS): Promise<BenchResult> {
  const folder = mkdtempSync(join(tmpdir(), 'sidegate-flood-'));
  await using all = new AsyncDisposableStack();
  all.defer(() => rmSync(folder, { recursive: true, force: true }));
  const scene = await setUp(folder, all);
  await scene.quiet.measure({ kept: [], fresh: [] });
  const lines = [
    `a quiet agent's calls beside another's flood, ${rounds} phases of each, in turns`,
  ];
  let ok = true;
  for (const flood of floods) {
    const measured = await measureFlood(scene, flood, rounds);
    const result = report(flood, measured, (rounds * (ROUND + SETTLE)) / 1000);
    lines.push(...result.lines);
    ok &&= result.ok;
  }
  lines.push(`goal: every p99 ratio under ${MAX_RATIO}: ${ok ? 'met' : 'MISSED'}`);
  return { lines, ok };
}

async function setUp(folder: string, all: AsyncDisposableStack): Promise<Scene> {
  writeFiles(folder);
  const agent = new Worker(AGENT, { eval: true, workerData: join(folder, 'agent.sock') });
  all.defer(async () => {
    await agent.terminate();
  });
  const start = async (name: string) => {
    const sidecar = await SidecarProcess.start(join(folder, name));
    all.defer(async () => {
      await sidecar.stop();
    });
    return sidecar.port;
  };
  const [flooded, elsewhere] = [await start('flooded'), await start('elsewhere')];
  const flooder = fork(join(import.meta.dirname, 'flooder.ts'), [
    folder,
    ...(FLOODER === undefined ? [] : [FLOODER]),
  ]);
  all.defer(() => {
    flooder.kill();
  });
  const quiet = new Quiet(folder, `https://127.0.0.1:${flooded}`);
  all.defer(() => quiet.leave());
  return { quiet, flooder, flooded, elsewhere };
}

function writeFiles(folder: string): void {
  writeFileSync(join(folder, 'policy.yaml'), POLICY);
  for (const name of ['flooded', 'elsewhere']) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, 'sidegate.yaml'), CONFIG);
  }
  ensure({
    folder: join(folder, 'certs'),
    trustDomain: TrustDomain.parse('acme.test'),
    agents: [{ name: 'invoices', ip: ['127.0.0.1'] }, { name: 'quiet' }, { name: 'flooder' }],
    now: systemClock,
  });
}

async function measureFlood(scene: Scene, flood: Flood, rounds: number): Promise<Measured> {
  const { quiet, flooder } = scene;
  const none = (): Times => ({ kept: [], fresh: [] });
  const times = { calm: none(), elsewhere: none(), flood: none() };
  const counts = new Map<string, number>();
  for (let round = 0; round < rounds; round++)
    for (const phase of PHASES) {
      const port = phase === 'flood' ? scene.flooded : scene.elsewhere;
      if (phase !== 'calm') flooder.send({ flood, port } satisfies Order);
      await sleep(SETTLE);
      await quiet.measure(times[phase]);
      if (phase === 'calm') continue;
      const said = await rest(flooder);
      if (phase === 'flood') add(counts, said);
    }
  return { times, counts };
}

async function rest(flooder: ChildProcess): Promise<Record<string, number>> {
  const said = once(flooder, 'message');
  flooder.send('rest' satisfies Order);
  const [counts] = (await said) as [Record<string, number>];
  return counts;
}

function add(to: Map<string, number>, counts: Record<string, number>): void {
  for (const [word, count] of Object.entries(counts)) to.set(word, (to.get(word) ?? 0) + count);
}

/** The agent that does nobody any harm. Whatever is not answered with 200 ends the bench. */
class Quiet {
  readonly #origin: string;
  readonly #connect: { ca: Buffer; cert: Buffer; key: Buffer; localAddress?: string };
  readonly #kept: Pool;

  constructor(folder: string, origin: string) {
    const read = (file: string) => readFileSync(join(folder, 'certs', file));
    const credential = { ca: read('ca.crt'), cert: read('quiet.crt'), key: read('quiet.key') };
    this.#origin = origin;
    this.#connect = { ...credential, ...(QUIET === undefined ? {} : { localAddress: QUIET }) };
    this.#kept = new Pool(origin, { connections: 4, connect: this.#connect });
  }

  /** Adds the milliseconds that each call took. */
  async measure({ kept, fresh }: Times): Promise<void> {
    const end = performance.now() + ROUND;
    for (let n = 1; performance.now() < end; n++, await sleep(PAUSE)) {
      kept.push(await timeOf(this.#kept));
      if (n % CONNECT_EVERY !== 0) continue;
      const client = new Client(this.#origin, { connect: this.#connect });
      fresh.push(await timeOf(client));
      await client.destroy();
    }
  }

  leave(): Promise<void> {
    return this.#kept.destroy();
  }
}

async function timeOf(way: Dispatcher): Promise<number> {
  const from = performance.now();
  const { statusCode, body } = await way.request({ method: 'GET', path: '/invoices/INV-1' });
  await body.dump();
  if (statusCode !== 200) throw new Error(`the quiet agent was answered ${statusCode}`);
  return performance.now() - from;
}

function report(flood: Flood, { times, counts }: Measured, seconds: number): BenchResult {
  const p99 = (phase: Phase) => quantile(times[phase].kept, 0.99);
  const toCalm = p99('flood') / p99('calm');
  const toElsewhere = p99('flood') / p99('elsewhere');
  const ok = toCalm < MAX_RATIO;
  const answers = [...counts].map(([word, count]) => `${(count / seconds).toFixed(0)} × ${word}`);
  const lines = [
    `${flood}, a second: ${answers.join(', ')}`,
    ...PHASES.map((phase) => row(phase, times[phase])),
    `  p99 ratio to calm ${toCalm.toFixed(2)}: ${ok ? 'met' : 'MISSED'}; to the same flood elsewhere ${toElsewhere.toFixed(2)}`,
  ];
  return { lines, ok };
}

function row(phase: Phase, { kept, fresh }: Times): string {
  const cell = (of: readonly number[], share: number) =>
    `${quantile(of, share).toFixed(2).padStart(7)} ms`;
  const asked = `p50 ${cell(kept, 0.5)}  p99 ${cell(kept, 0.99)}  (${kept.length} calls)`;
  return `  ${phase.padEnd(9)} ${asked}  new connections: p50 ${cell(fresh, 0.5)}  all under ${cell(fresh, 1)}`;
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(Math.floor(values.length * share), values.length - 1)] ?? NaN;
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { rounds: { type: 'string', default: String(ROUNDS) } },
  });
  const chosen = FLOODS.filter((flood) => positionals.length === 0 || positionals.includes(flood));
  const { lines, ok } = await benchFlood(chosen, Number(values.rounds));
  process.stdout.write(`${lines.join('\n')}\n`);
  process.exitCode = ok ? 0 : 1;
}
