import { work } from './callers.ts';
import { Changes } from './changes.ts';
import { checkEnd } from './ending.ts';
import type { Known } from './expect.ts';
import { Ledger } from './ledger.ts';
import { Memory } from './memory.ts';
import { sleep, type SoakOptions } from './options.ts';
import { reportOf, type SoakReport } from './report.ts';
import { Crashes } from './rights.ts';
import { setUp, type Stage } from './stage.ts';
import { Stalls } from './stalls.ts';
import { Streams } from './streams.ts';

const SAMPLE_EVERY = 1000;
const SERVER_EVERY = 3000;
const TELL_EVERY = 10_000;

interface Run {
  readonly options: SoakOptions;
  readonly stage: Stage;
  readonly known: Known;
  readonly ledger: Ledger;
  readonly memory: Memory;
  readonly streams: Streams;
  readonly open: () => boolean;
}

/**
 * A sidecar under everything at once: calls, streams, changes, revocations, kills and crashes of its agent. Every answer
 * is held against what was in force when it was given.
 */
export async function soak(options: SoakOptions): Promise<SoakReport> {
  const stage = await setUp(options);
  try {
    const known = { rights: stage.rights, crashes: new Crashes(), stalls: new Stalls() };
    const ledger = new Ledger(known);
    const memory = new Memory();
    const handles = stage.sidecar.handles;
    const target = { port: stage.sidecar.port, ca: stage.passes.ca.certPem };
    const streams = new Streams({ target, known, passes: stage.passes, ledger });
    const end = Date.now() + options.duration;
    const open = () => Date.now() < end && stage.sidecar.alive;
    await everything({ options, stage, known, ledger, memory, streams, open }, target);
    ledger.count('certificates renewed', stage.passes.renewed);
    ledger.count('crashes of the agent', known.crashes.count);
    ledger.highest('ms that the callers themselves stood still', known.stalls.longest);
    known.stalls.close();
    if (!stage.sidecar.alive) ledger.fault('the process ended', 'in the middle of the run');
    await checkEnd(stage, { ledger, memory, handles });
    return reportOf(ledger, memory);
  } finally {
    await stage.close();
  }
}

async function everything(run: Run, target: { port: number; ca: string }): Promise<void> {
  const { options, stage, ledger, streams, open } = run;
  const { names, passes } = stage;
  const changing = names.filter((_, n) => n % 3 === 0);
  const changes = new Changes({ ...stage, ledger, changing });
  const kept = Array.from({ length: options.streams }, (_, n) =>
    sleep(n * 20).then(() => streams.keep(names[n % names.length] ?? '', n % 2 === 0)),
  );
  const watching = watch(run);
  await Promise.all([
    ...names.map((name) => work(name, { target, passes, ledger }, { pause: options.pause, open })),
    changes.keep(options.changeEvery, open),
    changes.keepServer(SERVER_EVERY, open),
    crashes(run),
  ]);
  await watching;
  await streams.stop();
  passes.close();
  await Promise.all(kept);
}

async function crashes({ options, stage, known, open }: Run): Promise<void> {
  for (let next = Date.now() + options.crashEvery; open();) {
    await sleep(Math.min(250, options.crashEvery));
    if (Date.now() < next || !open()) continue;
    known.crashes.begin();
    await stage.upstream.crash();
    await sleep(300);
    await stage.upstream.start();
    // Two answers of the sidecar later it has heard of every connection that the crash broke.
    for (let asked = 0; asked < 2; asked++) await stage.sidecar.page('/livez');
    known.crashes.end();
    next = Date.now() + options.crashEvery;
  }
}

async function watch({ options, stage, ledger, memory, streams, open }: Run): Promise<void> {
  let told = Date.now();
  while (open()) {
    await sleep(SAMPLE_EVERY);
    memory.add(await stage.sidecar.page('/metrics'));
    streams.review();
    if (Date.now() - told < TELL_EVERY) continue;
    told = Date.now();
    const calls = ledger.counts.get('calls') ?? 0;
    options.say(`${calls} calls, ${streams.open} streams open, ${ledger.faults.size} faults`);
  }
}
