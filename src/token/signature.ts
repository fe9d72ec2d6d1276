import type { KeyObject } from 'node:crypto';
import { compactVerify } from 'jose';
import { Refusal, type FailureCode } from '../call/index.ts';
import { ALGORITHMS } from './algorithms.ts';

/**
 * Whether this key signed the text as it came. The text was taken apart by `readCompact` before, which is stricter.
 *
 * @throws Refusal with this code, whatever went wrong
 */
export async function verifySignature(
  text: string,
  signature: Buffer,
  { key, alg }: { readonly key: KeyObject; readonly alg: string },
  code: FailureCode,
): Promise<void> {
  const length = ALGORITHMS.get(alg)?.signature;
  if (length !== undefined && signature.length !== length)
    throw new Refusal(code, `its signature does not have ${length} bytes`);
  try {
    await compactVerify(text, key, { algorithms: [alg] });
  } catch {
    // What jose says may quote the token.
    throw new Refusal(code, 'its signature is wrong');
  }
}
