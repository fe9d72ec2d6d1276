import { hash } from 'node:crypto';

/** SHA-256 of a handle: by it the handle is found, and from it nobody gets the handle. */
export function keyOf(handle: string): string {
  return hash('sha256', handle, 'base64url');
}
