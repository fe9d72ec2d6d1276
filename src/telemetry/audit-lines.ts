import { hashOf } from './chain.ts';

/** Lines that the audit writes about itself; heads aside, see head.ts. */

/** That lines are missing is itself a line: the gap can be seen, and nobody can take it away. */
export function droppedLine(now: number, done: number, refused: number): string {
  return JSON.stringify({ time: timeOf(now), event: 'dropped', done, refused });
}

/**
 * The chain goes on after an end that nothing sealed. A `fragment` that stands before it in the file, the rest of a write
 * that was broken off, is named by its hash: so it cannot be mistaken for a line that somebody changed.
 */
export function resumedLine(now: number, fragment: Uint8Array | undefined): string {
  const torn = fragment === undefined ? undefined : hashOf(fragment);
  return JSON.stringify({ time: timeOf(now), event: 'resumed', torn });
}

export function timeOf(now: number): string {
  return new Date(now).toISOString();
}
