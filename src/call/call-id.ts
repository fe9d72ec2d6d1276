import { randomFillSync } from 'node:crypto';

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
const LENGTH = 16;
const pool = new Uint8Array(LENGTH * 256);
let used = pool.length;

/** The one ID of a call: 16 characters of a-z2-7, 80 random bits, so that nobody can guess a neighbour's. */
export function newCallId(): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  let id = '';
  for (const end = used + LENGTH; used < end; used++) id += ALPHABET[(pool[used] ?? 0) & 31] ?? '';
  return id;
}
