import { setTimeout as sleep } from 'node:timers/promises';
import type { WhyReport } from '../../status/index.ts';
import type { Received } from './agent.ts';
import type { AuditLine } from './audit-lines.ts';
import { call, type Answer } from './https.ts';
import type { Attempt } from './rows.ts';
import type { Scene } from './scene.ts';

/** What was seen of one call from three sides: by its caller, by the agent behind, and in the sidecar's records. */
export interface Observed {
  readonly attempt: Attempt;
  readonly answer: Answer | undefined;
  readonly received: readonly Received[];
  /** Lines that came with this call. */
  readonly audit: readonly AuditLine[];
  readonly gates: WhyReport['gates'];
}

export async function observe(
  scene: Scene,
  attempt: Attempt,
  signal: AbortSignal,
): Promise<Observed> {
  const before = { audit: (await scene.audit()).length, received: scene.received.length };
  const answer = await call(scene, attempt, signal);
  const audit = await linesAfter(scene, before.audit, signal);
  const [line] = audit;
  const gates = line === undefined ? [] : await scene.gates(line.id);
  const received = scene.received.slice(before.received);
  return { attempt, answer, received, audit, gates };
}

const PATIENCE = 2000;
const PAUSE = 10;

/** The record is written when both directions are over, which may be a moment after the caller has its answer. */
async function linesAfter(
  scene: Scene,
  count: number,
  signal: AbortSignal,
): Promise<readonly AuditLine[]> {
  const end = performance.now() + PATIENCE;
  for (;;) {
    const lines = (await scene.audit()).slice(count);
    if (lines.length > 0 || performance.now() > end) return lines;
    await sleep(PAUSE, undefined, { signal });
  }
}
