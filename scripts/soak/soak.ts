import type { Target } from './call.ts';
import { work } from './callers.ts';
import { Changes } from './changes.ts';
import { Crashes } from './crashes.ts';
import { checkEnd } from './ending.ts';
import type { Known } from './expect.ts';
import { Ledger } from './ledger.ts';
import { Memory } from './memory.ts';
import { sleep, within, type SoakOptions } from './options.ts';
import { reportOf, type SoakReport } from './report.ts';
import { setUp, type Stage } from './stage.ts';
import { Stalls } from './stalls.ts';
import { Streams } from './streams.ts';

const SAMPLE_EVERY = 1000;
const SERVER_EVERY = 3000;
const TELL_EVERY = 10_000;
/** What must have happened, or a run has shown nothing. On a slow machine it goes on until it has. */
const ONCE = [
  ...['calls: OK', 'calls: SCOPE_MISSING', 'streams opened', 'events', 'crashes of the agent'],
  ...['reload', 'SIGHUP', 'watch', 'broken', 'revocation'].map((way) => `changes: ${way}`),
];

interface Run {
  readonly options: SoakOptions;
  readonly stage: Stage;
  readonly target: Target;
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
  const { patience } = options;
  const stage = await setUp(options);
  const known = { rights: stage.rights, crashes: new Crashes(), stalls: new Stalls() };
  const ledger = new Ledger(known);
  const memory = new Memory();
  const target = { port: stage.sidecar.port, ca: stage.passes.ca.certPem, patience };
  const streams = new Streams({ target, known, passes: stage.passes, ledger });
  const end = Date.now() + options.duration;
  let broken = false;
  const missing = () => ONCE.filter((what) => !ledger.counts.has(what));
  const late = () => Date.now() > (missing().length === 0 ? end : end + patience);
  const open = () => stage.sidecar.alive && !broken && !late();
  try {
    const { handles } = stage.sidecar;
    broken = !(await bounded({ options, stage, target, known, ledger, memory, streams, open }));
    if (!stage.sidecar.alive) ledger.fault('the process ended', stage.sidecar.lastWords);
    else if (!broken) await checkEnd(stage, { ledger, memory, handles });
    for (const what of missing()) ledger.fault('something never happened', what);
    return reportOf(ledger, memory);
  } finally {
    streams.close();
    known.stalls.close();
    await stage.close();
  }
}

/** Comes to an end whatever happens: what hangs or breaks off is a fault. Whether everything was done. */
async function bounded(run: Run): Promise<boolean> {
  const { options, stage, known, ledger, streams } = run;
  let done = false;
  try {
    done = await within(options.duration + 3 * options.patience, everything(run));
    if (!done) ledger.fault('the run did not come to its end', `${streams.open} streams open`);
  } catch (error) {
    ledger.fault('the run broke off', String(error));
  }
  ledger.count('certificates renewed', stage.passes.renewed);
  ledger.highest('ms that the callers themselves stood still', known.stalls.longest);
  return done;
}

async function everything(run: Run): Promise<void> {
  const { options, stage, target, ledger, streams, open } = run;
  const { names, passes } = stage;
  const changing = names.filter((_, n) => n % 3 === 0);
  const changes = new Changes({ ...stage, ledger, changing });
  const kept = Array.from({ length: options.streams }, (_, n) =>
    sleep(n * 100).then(() => streams.keep(names[n % names.length] ?? '', n % 2 === 0)),
  );
  await Promise.all([
    ...names.map((name) => work(name, { target, passes, ledger }, { pause: options.pause, open })),
    changes.keep(options.changeEvery, open),
    changes.keepServer(SERVER_EVERY, open),
    crashes(run),
    watch(run),
  ]);
  await streams.stop();
  passes.close();
  await Promise.all(kept);
}

async function crashes({ options, stage, known, ledger, open }: Run): Promise<void> {
  for (let next = Date.now() + options.crashEvery; open();) {
    await sleep(Math.min(250, options.crashEvery));
    if (Date.now() < next || !open()) continue;
    known.crashes.begin();
    ledger.count('crashes of the agent');
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
    const faults = [...ledger.faults.keys()].join(', ') || 'no faults';
    options.say(`${calls} calls, ${streams.open} streams open, ${memory.latest}, ${faults}`);
  }
}
