import { randomView } from './random.ts';

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
const LENGTH = 16;

/** The one ID of a call: 16 characters of a-z2-7, 80 random bits, so that nobody can guess a neighbour's. */
export function newCallId(): string {
  let id = '';
  for (const byte of randomView(LENGTH)) id += ALPHABET[byte & 31] ?? '';
  return id;
}
