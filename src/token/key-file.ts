import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { statSync } from 'node:fs';
import { z } from 'zod';
import { readText, readTextIfThere, writeFileAtomic } from '../files/index.ts';
import { OperatorFault } from '../lib/index.ts';
import { publicJwks, type SigningKey } from './mint.ts';

const coordinate = z.string().regex(/^[A-Za-z0-9_-]{43}$/);
const keyShape = z.strictObject({
  kty: z.literal('EC'),
  crv: z.literal('P-256'),
  x: coordinate,
  y: coordinate,
  d: coordinate,
  kid: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/),
  alg: z.literal('ES256'),
  use: z.literal('sig'),
});
const fileShape = z.strictObject({ keys: z.array(keyShape).min(1) });

/** Of a file, the newest first: that one signs, all are published. */
export type SigningKeys = readonly [SigningKey, ...SigningKey[]];

const PROBE = Buffer.from('sidegate');
const USE = {
  what: 'the signing keys',
  ifMissing: 'Make the first one: sidegate token keys',
};

/**
 * Reads a file of private keys and checks each, so that no token is signed that nobody can verify.
 *
 * @throws OperatorFault
 */
export function readSigningKeys(file: string): SigningKeys {
  const text = readText(file, USE);
  // Whoever can read it can be anybody.
  if ((statSync(file).mode & 0o007) !== 0)
    throw new OperatorFault(
      `${USE.what} ${file} are open to every user of this machine`,
      `Close the file: chmod 600 ${file}`,
    );
  return parse(text, file);
}

/** Puts a new key before those of a file, which signs from then on; makes the file if it is not there. @throws OperatorFault */
export function addSigningKey(file: string, key: SigningKey): SigningKeys {
  const text = readTextIfThere(file, USE.what);
  const keys: SigningKeys = [key, ...(text === undefined ? [] : parse(text, file))];
  write(file, keys);
  return keys;
}

/** The keys of a file without an old one. @throws OperatorFault if it is the one that signs, or not there */
export function retireSigningKey(file: string, kid: string): SigningKeys {
  const [newest, ...older] = readSigningKeys(file);
  if (newest.kid === kid)
    throw new OperatorFault(
      `${kid} is the key that signs`,
      'First make the one that is to sign instead: sidegate token keys',
    );
  const left = older.filter((key) => key.kid !== kid);
  if (left.length === older.length) {
    const known = older.map((key) => key.kid).join(', ');
    const remedy = known === '' ? 'There is no older key.' : `Older keys: ${known}`;
    throw new OperatorFault(`${file} has no key ${kid}`, remedy);
  }
  const keys: SigningKeys = [newest, ...left];
  write(file, keys);
  return keys;
}

/** Where the public half of a file of keys is: `sts.keys.json` and `sts.jwks.json`. */
export function publicFileOf(file: string): string {
  return `${file.replace(/(\.keys)?\.json$/, '')}.jwks.json`;
}

function parse(text: string, file: string): SigningKeys {
  try {
    const [newest, ...older] = fileShape.parse(JSON.parse(text)).keys;
    if (newest === undefined) throw new TypeError('a file of keys without keys');
    const keys: SigningKeys = [newest, ...older];
    if (new Set(keys.map(({ kid }) => kid)).size < keys.length) throw new Error('a kid twice');
    for (const key of keys) checkPair(key);
    return keys;
  } catch (cause) {
    throw new OperatorFault(
      `${USE.what} ${file} are broken`,
      'The file must be a JWK Set of private P-256 keys with kid, alg ES256 and use sig, as sidegate token keys makes it.',
      // Without what the parser says: it may quote the file.
      { cause: cause instanceof TypeError ? cause : undefined },
    );
  }
}

/** OpenSSL believes what stands there: only a signature shows that both halves are of one key. */
function checkPair({ d, ...half }: SigningKey): void {
  const signature = sign('sha256', PROBE, createPrivateKey({ key: { ...half, d }, format: 'jwk' }));
  if (!verify('sha256', PROBE, createPublicKey({ key: half, format: 'jwk' }), signature))
    throw new Error('the halves of a key do not fit');
}

/** The public file first: with a key that nobody can look up, nothing may be signed. */
function write(file: string, keys: SigningKeys): void {
  const text = (value: object): string => `${JSON.stringify(value, null, 2)}\n`;
  const replace = 'replace' as const;
  writeFileAtomic(publicFileOf(file), text(publicJwks(keys)), { mode: 0o644, existing: replace });
  writeFileAtomic(file, text({ keys }), { mode: 0o600, existing: replace });
}
