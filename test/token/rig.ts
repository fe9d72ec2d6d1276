import {
  createHash,
  createPrivateKey,
  generateKeyPairSync,
  sign,
  type KeyObject,
} from 'node:crypto';
import { onTestFinished } from 'vitest';
import {
  Refusal,
  type Event,
  type IssuerEntry,
  type PresentedToken,
  type VerifiedToken,
} from '../../src/call/index.ts';
import { Secret } from '../../src/lib/index.ts';
import {
  createVerifier,
  type SigningKey,
  type TokenVerifier,
  type VerifierOptions,
} from '../../src/token/index.ts';
import { claimsOf, startIssuer, type Claims, type TestIssuer } from '../support/issuer.ts';

export const NOW = Date.UTC(2026, 10, 20, 12);
export const OWN_ID = 'spiffe://acme.test/agent/invoices';
export const PUBLIC_URL = 'https://invoices.acme.test';
export const CERTIFICATE = createHash('sha256').update('the certificate of portal').digest('hex');
export const OTHER_CERTIFICATE = createHash('sha256').update('the thief').digest('hex');
export const THUMBPRINT = Buffer.from(CERTIFICATE, 'hex').toString('base64url');
/** The claim that binds a token to `CERTIFICATE`. */
export const BOUND = { cnf: { 'x5t#S256': THUMBPRINT } };

/** A verifier, an issuer with a real server, and a clock that stands until a test moves it. */
export interface Rig {
  readonly issuer: TestIssuer;
  readonly verifier: TokenVerifier;
  readonly entries: readonly IssuerEntry[];
  readonly log: string[];
  /** Milliseconds. */
  pass(milliseconds: number): void;
  now(): number;
  /** A perfect token, bound to `CERTIFICATE`; with these claims changed. */
  token(claims?: Claims): Promise<string>;
  ask(token: string, changes?: Partial<PresentedToken>): Promise<VerifiedToken | Refusal>;
}

export interface RigOptions extends Partial<VerifierOptions> {
  readonly entry?: Partial<IssuerEntry>;
}

/** Ends with the test, or with `end` where it serves several. */
export async function rig(options: RigOptions = {}, end = onTestFinished): Promise<Rig> {
  const issuer = await startIssuer();
  let passed = 0;
  const log: string[] = [];
  const now = () => NOW + passed;
  const verifier = createVerifier({
    now,
    elapsed: () => passed,
    emit: (event: Event) => {
      if (event.kind === 'log') log.push(event.message);
    },
    ownSpiffeId: () => OWN_ID,
    publicUrl: PUBLIC_URL,
    development: false,
    fetchKeys: issuer.fetchKeys,
    // Of real time, only against hanging.
    fetchWithin: 60_000,
    ...options,
  });
  end(async () => {
    verifier.close();
    await issuer.close();
  });
  const entries = [issuer.entry(options.entry)];
  return {
    issuer,
    verifier,
    entries,
    log,
    now,
    pass: (milliseconds) => void (passed += milliseconds),
    token: (claims) => issuer.sign({ ...BOUND, ...claims }, now()),
    ask: async (token, changes) => verifier.verify({ ...presented(token, entries), ...changes }),
  };
}

export function presented(token: string, issuers: readonly IssuerEntry[]): PresentedToken {
  return {
    scheme: 'bearer',
    token: new Secret(token),
    proof: undefined,
    certificateSha256: CERTIFICATE,
    method: 'GET',
    path: '/invoices/7',
    issuers,
  };
}

/** `good`, or the code that it was refused with. */
export function codeOf(answer: VerifiedToken | Refusal): string {
  return answer instanceof Refusal ? answer.code : 'good';
}

export function detailOf(answer: VerifiedToken | Refusal): string {
  return answer instanceof Refusal ? answer.detail : 'good';
}

/** The text of a perfect payload, with these claims changed. */
export function payloadOf(changes: Claims = {}): string {
  const claims = claimsOf('https://sts.acme.test', PUBLIC_URL, { ...BOUND, ...changes }, NOW);
  return JSON.stringify(claims);
}

export function headerOf(key: SigningKey, changes: Claims = {}): string {
  return JSON.stringify({ typ: 'at+jwt', alg: 'ES256', kid: key.kid, ...changes });
}

export function part(text: string | Buffer): string {
  return Buffer.from(text).toString('base64url');
}

/** A JWS over any texts at all, made with nothing of what is tested. */
export function jws(
  header: string | Buffer,
  payload: string | Buffer,
  key: KeyObject,
  digest: string | null = 'sha256',
): string {
  const input = `${part(header)}.${part(payload)}`;
  const signature = sign(digest, Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' });
  return `${input}.${part(signature)}`;
}

/** The issuer's own key, for tokens that it would never sign. */
export function privateKeyOf(key: SigningKey): KeyObject {
  return createPrivateKey({ key: { ...key }, format: 'jwk' });
}

export function p256(): { publicKey: KeyObject; privateKey: KeyObject } {
  return generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
}
