import type { Link } from '../chain.ts';

/** What a verification says, in one place: each is a sentence for an operator. */

export const RESUMED =
  'the sidecar began anew without having sealed what stands before: lines since the head before were signed only now';
export const TORN = 'the file ends within a line: the process died there, or the end was cut off';
export const TORN_REMEDY =
  'Start the sidecar, which says of a crash that it was one; if it was stopped in order, the end was cut off.';
export const END_REMEDY =
  'The sidecar still runs (then add --running), or was killed, or the end was cut off.';

export const ANEW =
  'The file was moved away while the sidecar was stopped (then verify it by itself), or lines were removed.';

export const MEANING = {
  changed: 'One of the two was changed after it was written.',
  missing: 'They were removed, or a file is not named; name all files, the oldest first.',
  reordered: 'Lines were put into another order, or the files are not named the oldest first.',
  duplicate: 'Somebody wrote it a second time, or a file is named twice.',
} as const;

/** How a line differs from the one that should follow `last`. */
export function differenceOf(seq: number, last: Link): [keyof typeof MEANING, string] {
  if (seq === last.seq) return ['duplicate', `seq ${seq} is there twice`];
  if (seq < last.seq) return ['reordered', `seq ${seq} stands behind seq ${last.seq}`];
  const next = last.seq + 1;
  if (seq === next) return ['changed', `this line is not what seq ${seq} says stood before it`];
  const which = seq - 1 === next ? `seq ${next} is` : `seq ${next} to ${seq - 1} are`;
  return ['missing', `${which} missing before this line`];
}
