import { randomFillSync } from 'node:crypto';

/** Bytes are drawn from the system in bulk: one draw a call would be among the dearest things that a call does. */
const pool = Buffer.alloc(8192);
let used = pool.length;

/** So many random bytes, valid until the next call. At most 8192. */
export function randomView(bytes: number): Buffer {
  if (used + bytes > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += bytes;
  return pool.subarray(used - bytes, used);
}

/** So many random bytes in lower-case hexadecimal. */
export function randomHex(bytes: number): string {
  return randomView(bytes).toString('hex');
}

/** So many random bytes in base64url. */
export function randomBase64url(bytes: number): string {
  return randomView(bytes).toString('base64url');
}
