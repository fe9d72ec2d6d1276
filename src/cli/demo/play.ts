import type { Clock } from '../../lib/index.ts';
import type { LastWords } from '../last-words.ts';
import { endingOf, judge } from './judge.ts';
import { observe, type Observed } from './observe.ts';
import { DEMO_POLICY } from './policy.ts';
import { ROWS, type Attempt, type Ending, type Row } from './rows.ts';
import { setScene, type Scene } from './scene.ts';

export interface PlayedCall extends Observed {
  /** Undefined if no answer came. */
  readonly ended: Ending | undefined;
  /** In what it differs from what should be. */
  readonly faults: readonly string[];
}

export interface PlayedRow {
  readonly number: number;
  readonly title: string;
  readonly calls: readonly PlayedCall[];
  readonly ok: boolean;
}

export interface Played {
  readonly rows: readonly PlayedRow[];
  /** What is wrong with the whole, beyond any row. */
  readonly faults: readonly string[];
  readonly ok: boolean;
}

export interface PlayOptions {
  readonly now: Clock;
  readonly signal: AbortSignal;
  /** Told when everything runs. */
  readonly ready?: (scene: Scene) => void;
  /** Told of each row as it has happened. */
  readonly show?: (row: PlayedRow) => void;
  /** Told what must be done should the process end in the middle of it. */
  readonly lastWords?: LastWords;
  readonly policy?: string;
  readonly rows?: readonly Row[];
}

/**
 * Makes every call of every row against a real sidecar, one after the other. Nothing is left of it afterwards, however
 * it ends.
 *
 * @throws OperatorFault if the sidecar cannot be started; the signal's reason if it is aborted
 */
export async function play(options: PlayOptions): Promise<Played> {
  const { now, signal, lastWords, ready, show, policy = DEMO_POLICY, rows = ROWS } = options;
  await using scene = await setScene({ policy, now, lastWords });
  ready?.(scene);
  const played: PlayedRow[] = [];
  for (const [index, { title, attempts }] of rows.entries()) {
    const calls: PlayedCall[] = [];
    for (const attempt of attempts) calls.push(await playCall(scene, attempt, signal));
    const ok = calls.every(({ faults }) => faults.length === 0);
    const row = { number: index + 1, title, calls, ok };
    played.push(row);
    show?.(row);
  }
  const faults = await lateFaults(scene, played);
  return { rows: played, faults, ok: faults.length === 0 && played.every(({ ok }) => ok) };
}

async function playCall(scene: Scene, attempt: Attempt, signal: AbortSignal): Promise<PlayedCall> {
  signal.throwIfAborted();
  const observed = await observe(scene, attempt, signal);
  return { ...observed, ended: endingOf(observed), faults: judge(observed) };
}

/** What came only after its row was over would have been missed there. */
async function lateFaults(scene: Scene, rows: readonly PlayedRow[]): Promise<string[]> {
  await scene.end();
  const calls = rows.flatMap((row) => row.calls);
  const late = {
    'lines in the audit':
      (await scene.audit()).length - calls.reduce((sum, { audit }) => sum + audit.length, 0),
    'requests at the agent':
      scene.received.length - calls.reduce((sum, { received }) => sum + received.length, 0),
  };
  return Object.entries(late)
    .filter(([, count]) => count > 0)
    .map(([what, count]) => `${count} ${what} came after the calls were over`);
}
