import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../../lib/index.ts';
import type { LastWords } from '../../last-words.ts';
import { ACTS, type Act } from './acts.ts';
import type { Ending } from './calls.ts';
import { readLines, type Line } from './lines.ts';
import { HOPS, type Hop } from './names.ts';
import { createWorld, type Witness, type World } from './world.ts';

export interface PlayedAct {
  readonly number: number;
  readonly title: string;
  readonly endings: readonly Ending[];
  readonly expected: Ending;
  /** Of all audits, what came with this act. */
  readonly lines: readonly Line[];
  /** In what it differs from what should be. */
  readonly faults: readonly string[];
}

export interface PlayedActs {
  readonly acts: readonly PlayedAct[];
  readonly ok: boolean;
}

export interface PlayActsOptions {
  readonly now: Clock;
  readonly signal: AbortSignal;
  readonly lastWords?: LastWords;
  readonly show?: (act: PlayedAct) => void;
  readonly acts?: readonly Act[];
}

const WITNESSES: readonly Witness[] = [...HOPS, 'sts'];
const PATIENCE = 10_000;
const PAUSE = 25;

/**
 * Plays every act against three sidecars and a token service, one after the other. Nothing is left of it afterwards,
 * however it ends.
 *
 * @throws OperatorFault if they cannot be started; the signal's reason if it is aborted
 */
export async function playActs(options: PlayActsOptions): Promise<PlayedActs> {
  const { now, signal, lastWords, show, acts = ACTS } = options;
  await using world = await createWorld({ now, lastWords });
  const played: PlayedAct[] = [];
  for (const [index, act] of acts.entries()) {
    signal.throwIfAborted();
    const one = { number: index + 1, ...(await playAct(world, act, signal)) };
    played.push(one);
    show?.(one);
  }
  return { acts: played, ok: played.every(({ faults }) => faults.length === 0) };
}

async function playAct(
  world: World,
  act: Act,
  signal: AbortSignal,
): Promise<Omit<PlayedAct, 'number'>> {
  const before = new Set((await linesOf(world)).map(({ id }) => id));
  const received = countsOf(world);
  const endings = await act.play(world);
  const lines = await linesAfter(world, before, { act, calls: endings.length, signal });
  const reached = HOPS.filter(
    (hop) => world.agents[hop].received.length > (received.get(hop) ?? 0),
  );
  const { title, expected } = act;
  const faults = [
    ...endings.filter((ending) => !isSame(ending, expected)).map(faultOf(expected)),
    ...(reached.join() === act.reached.join()
      ? []
      : [`reached ${reached.join(', ')} instead of ${act.reached.join(', ')}`]),
    ...(HOPS.some((hop) => world.agents[hop].received.some(({ credential }) => credential))
      ? ['an agent was given a credential']
      : []),
    ...(act.holds?.(lines) ?? []),
  ];
  return { title, endings, expected, lines, faults };
}

function countsOf({ agents }: World): ReadonlyMap<Hop, number> {
  return new Map(HOPS.map((hop) => [hop, agents[hop].received.length]));
}

async function linesOf(world: World): Promise<readonly Line[]> {
  const audits = await Promise.all(
    WITNESSES.map(async (by) => readLines(by, await world.audit(by))),
  );
  return audits.flat();
}

/** A record is written when both directions are over, which may be a moment after the caller has its answer. */
async function linesAfter(
  world: World,
  before: ReadonlySet<string>,
  { act, calls, signal }: { act: Act; calls: number; signal: AbortSignal },
): Promise<readonly Line[]> {
  const least = Math.max(act.reached.length, 1) * calls;
  const end = performance.now() + PATIENCE;
  for (let last = -1; ;) {
    const lines = (await linesOf(world)).filter(({ id }) => !before.has(id));
    const settled = lines.length >= least && lines.length === last;
    if (settled || performance.now() > end) return lines;
    last = lines.length;
    await sleep(PAUSE, undefined, { signal });
  }
}

function isSame(one: Ending, other: Ending): boolean {
  return one.status === other.status && one.code === other.code;
}

function faultOf(expected: Ending): (ending: Ending) => string {
  return ({ status, code }) =>
    `ended ${status} ${code} instead of ${expected.status} ${expected.code}`;
}
