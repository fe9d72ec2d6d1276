import type { Chain } from './chain.ts';
import type { Seal } from './seal.ts';

/** Why a head was written: by the clock, because the file is left, or because the sidecar ends. */
export type HeadReason = 'interval' | 'rotated' | 'exit';

/**
 * A head vouches for every line before it: it is a line of the chain whose signature covers its own bytes, the hash of the
 * line before among them. The certificate is in the first head of a file and in the first after a renewal.
 */
export function headLine(
  chain: Chain,
  seal: Seal,
  about: { readonly time: string; readonly why: HeadReason; readonly withCertificate: boolean },
): string {
  const { alg, certSha256, certPem } = seal;
  const { time, why } = about;
  const cert = about.withCertificate ? certPem : undefined;
  const placed = chain.place(JSON.stringify({ time, event: 'head', why, certSha256, cert, alg }));
  const signed = placed.slice(0, -1);
  const signature = Buffer.from(seal.sign(Buffer.from(signed))).toString('base64url');
  const text = `${signed}${BEFORE_SIGNATURE}${signature}"}`;
  chain.step(text);
  return text;
}

const BEFORE_SIGNATURE = ',"signature":"';
const END = '"}';

/** A head taken apart: what was signed, and by what; undefined for what is not written as heads are. */
export function splitHead(
  line: Buffer,
): { readonly signed: Buffer; readonly signature: Buffer } | undefined {
  const at = line.lastIndexOf(BEFORE_SIGNATURE);
  if (at === -1 || line.subarray(-END.length).toString('latin1') !== END) return undefined;
  const text = line.subarray(at + BEFORE_SIGNATURE.length, -END.length).toString('latin1');
  const signature = Buffer.from(text, 'base64url');
  // Base64 has several spellings of the same bytes; only one of them is the line that was written.
  if (signature.toString('base64url') !== text) return undefined;
  return { signed: line.subarray(0, at), signature };
}
