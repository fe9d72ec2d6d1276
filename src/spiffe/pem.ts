/** A file that is not the PEM that was expected; the message says what is wrong with it, in words that fit after "it". */
export class PemError extends Error {
  override readonly name = 'PemError';
}

export type PemLabel = 'CERTIFICATE' | 'X509 CRL';

const BEGIN = /^-----BEGIN ([A-Z0-9 ]+)-----$/;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/**
 * The DER of every block of a PEM file, in order. All blocks must have the one label. Text between blocks is skipped, as
 * `openssl x509 -text` writes some; within a block only base64 may stand (RFC 7468).
 *
 * @throws PemError
 */
export function readPem(text: string, label: PemLabel): readonly Buffer[] {
  const blocks: Buffer[] = [];
  let body: string[] | undefined;
  for (const line of text.split(/\r?\n/).map((raw) => raw.trimEnd())) {
    if (body === undefined) {
      if (!line.startsWith('-----')) continue;
      checkBegin(line, label);
      body = [];
    } else if (line === `-----END ${label}-----`) {
      blocks.push(decode(body));
      body = undefined;
    } else body.push(line);
  }
  if (body !== undefined) throw new PemError(`has a ${label} block without an end`);
  if (blocks.length === 0) throw new PemError(`has no ${label} block`);
  return blocks;
}

function checkBegin(line: string, label: PemLabel): void {
  const found = BEGIN.exec(line)?.[1];
  if (found === undefined) throw new PemError('has a broken PEM boundary');
  if (found !== label) throw new PemError(`has a ${found} block where only ${label} belongs`);
}

function decode(lines: readonly string[]): Buffer {
  const text = lines.join('');
  // Buffer.from skips what is no base64, so it is held against the grammar first.
  if (text.length % 4 !== 0 || !BASE64.test(text))
    throw new PemError('has a block that is not base64');
  return Buffer.from(text, 'base64');
}
