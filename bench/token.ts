// What tokens cost the verifier, and leave in memory: node bench/token.ts
import { generateKeyPairSync, sign, verify, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Refusal, type IssuerEntry, type PresentedToken } from '../src/call/index.ts';
import { Secret } from '../src/lib/index.ts';
import { createVerifier, type TokenVerifier } from '../src/token/index.ts';
import type { BenchResult } from './policy.ts';

const ROUNDS = 15;
const CALLS = 50_000;
/** Different tokens in use at the same time, of the 4,096 that are remembered. */
const WARM = 1000;
const MAX_MICROSECONDS = 3;
const CHURN_ROUNDS = 5;
/** Different tokens that come one after the other; so many more than are remembered that none is known again. */
const CHURN = 10_000;
const AT_A_TIME = 100;
const MAX_REMEMBERED = 4096;
const MAX_GROWTH = 8;
const MEGABYTE = 1e6;

const ISSUER = 'https://sts.bench.test';
const AUDIENCE = 'spiffe://bench.test/agent/invoices';
const CERTIFICATE = 'ab'.repeat(32);
const ENTRIES: readonly IssuerEntry[] = [
  {
    name: 'sts',
    issuer: ISSUER,
    keys: { kind: 'url', url: 'https://sts.bench.test/jwks', spiffeId: undefined },
    audiences: [],
    algorithms: ['ES256', 'RS256'],
    binding: 'required',
    scopeClaim: 'scope',
    clientClaim: 'client_id',
    acceptUntypedTokens: false,
    narrows: true,
    development: false,
    at: { file: 'bench.yaml', line: 1, column: 1, text: '' },
  },
];

/** Who signs: our own token service has P-256, Keycloak and Entra ID have RSA keys of 2,048 bits. */
interface Signer {
  readonly alg: 'ES256' | 'RS256';
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** What a token costs that was seen before, and one that was not; and what 10,000 new ones at a time leave in memory. */
export async function benchToken(): Promise<BenchResult> {
  const ours: Signer = { alg: 'ES256', ...generateKeyPairSync('ec', { namedCurve: 'P-256' }) };
  const theirs: Signer = { alg: 'RS256', ...generateKeyPairSync('rsa', { modulusLength: 2048 }) };
  const warm = await warmCost(ours);
  const churns = [await churn(ours), await churn(theirs)];
  const ok = Math.max(warm.text, warm.object) < MAX_MICROSECONDS && churns.every((one) => one.ok);
  const lines = [
    `token: a bound token of ${warm.length} characters with one actor, CPU time a call, median of ${ROUNDS} rounds of ${CALLS}`,
    `  seen before (${WARM} different)   ${warm.text.toFixed(2)} µs`,
    `  its field seen before as well  ${warm.object.toFixed(2)} µs`,
    `${CHURN} new ones, ${AT_A_TIME} at a time, median of ${CHURN_ROUNDS} rounds; CPU time of all threads`,
    ...churns.flatMap((one) => one.lines),
    `  goal: seen before under ${MAX_MICROSECONDS} µs, at most ${MAX_REMEMBERED} remembered, heap grows by less than ${MAX_GROWTH} MB: ${ok ? 'met' : 'MISSED'}`,
  ];
  return { lines, ok };
}

function verifierOf({ alg, publicKey }: Signer): TokenVerifier {
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: alg, alg, use: 'sig' };
  const bytes = Buffer.from(JSON.stringify({ keys: [jwk] }));
  return createVerifier({
    emit: () => undefined,
    ownSpiffeId: () => AUDIENCE,
    publicUrl: undefined,
    development: false,
    fetchKeys: () => Promise.resolve({ status: 200, contentType: 'application/json', bytes }),
  });
}

async function warmCost(signer: Signer) {
  const verifier = verifierOf(signer);
  const tokens = await tokensOf(signer, WARM);
  await verifyAll(verifier, tokens);
  const objects = tokens.map((token) => presented(token));
  costOf(verifier, objects);
  const again = Array.from({ length: CALLS / WARM }, () => objects).flat();
  const costs = Array.from({ length: ROUNDS }, () => ({
    text: costOf(verifier, afresh(tokens)),
    object: costOf(verifier, again),
  }));
  verifier.close();
  return {
    length: tokens[0]?.length ?? 0,
    text: median(costs.map(({ text }) => text)),
    object: median(costs.map(({ object }) => object)),
  };
}

/** Every call brings a text of its own, as the parser of a connection does: nothing of it was hashed before. */
function afresh(tokens: readonly string[]): PresentedToken[] {
  const bytes = tokens.map((token) => Buffer.from(token));
  return Array.from({ length: CALLS }, (_, call) =>
    presented((bytes[call % bytes.length] ?? Buffer.alloc(0)).toString('latin1')),
  );
}

/** Microseconds a call. */
function costOf(verifier: TokenVerifier, calls: readonly PresentedToken[]): number {
  // What was made for the calls is cleared away at nobody's cost.
  collect();
  const before = process.cpuUsage();
  for (const call of calls) {
    const answer = verifier.verify(call);
    if (answer instanceof Promise || answer instanceof Refusal)
      throw new TypeError('a token that was seen before is not at hand');
  }
  return microseconds(before) / calls.length;
}

async function churn(signer: Signer) {
  const verifier = verifierOf(signer);
  const tokens = await tokensOf(signer, CHURN);
  const alone = signatureAlone(signer, tokens.slice(0, 1000));
  const costs: number[] = [];
  const rates: number[] = [];
  const remembered: number[] = [];
  const heaps: number[] = [];
  for (let round = 0; round < CHURN_ROUNDS; round++) {
    const [cpu, began] = [process.cpuUsage(), performance.now()];
    await verifyAll(verifier, tokens);
    rates.push(CHURN / ((performance.now() - began) / 1000));
    costs.push(microseconds(cpu) / CHURN);
    remembered.push(verifier.size);
    collect();
    heaps.push(process.memoryUsage().heapUsed / MEGABYTE);
  }
  verifier.clear();
  collect();
  const kept = (heaps.at(-1) ?? NaN) - process.memoryUsage().heapUsed / MEGABYTE;
  verifier.close();
  const growth = (heaps.at(-1) ?? NaN) - (heaps[0] ?? NaN);
  const lines = [
    `  ${signer.alg}   ${median(costs).toFixed(0)} µs each, of which OpenSSL needs ${alone.toFixed(0)} for the signature; ${median(rates).toFixed(0)} a second`,
    `          remembered ${remembered.join(', ')}; heap, MB ${heaps.map((heap) => heap.toFixed(1)).join(', ')}; of it what is remembered ${kept.toFixed(1)}`,
  ];
  return { lines, ok: Math.max(...remembered) <= MAX_REMEMBERED && growth < MAX_GROWTH };
}

/** What no way of calling it could save, in microseconds. */
function signatureAlone({ publicKey: key }: Signer, tokens: readonly string[]): number {
  const signed = tokens.map((token) => {
    const dot = token.lastIndexOf('.');
    const signature = Buffer.from(token.slice(dot + 1), 'base64url');
    return { data: Buffer.from(token.slice(0, dot)), signature };
  });
  const dsaEncoding = 'ieee-p1363';
  const before = process.cpuUsage();
  for (const { data, signature } of signed)
    if (!verify('sha256', data, { key, dsaEncoding }, signature))
      throw new TypeError('a signature is wrong');
  return microseconds(before) / tokens.length;
}

async function verifyAll(verifier: TokenVerifier, tokens: readonly string[]): Promise<void> {
  for (let done = 0; done < tokens.length; done += AT_A_TIME) {
    const batch = tokens.slice(done, done + AT_A_TIME);
    const answers = batch.map((token) => {
      const answer = verifier.verify(presented(token));
      if (!(answer instanceof Promise)) throw new TypeError('a new token was known');
      return answer;
    });
    const refusal = (await Promise.all(answers)).find((answer) => answer instanceof Refusal);
    if (refusal !== undefined) throw new TypeError(`a good token was refused: ${refusal.detail}`);
  }
}

function presented(token: string): PresentedToken {
  return {
    scheme: 'bearer',
    token: new Secret(token),
    proof: undefined,
    certificateSha256: CERTIFICATE,
    method: 'GET',
    path: '/',
    issuers: ENTRIES,
  };
}

const signLater = promisify(sign);

function tokensOf({ alg, privateKey }: Signer, count: number): Promise<string[]> {
  const iat = Math.floor(Date.now() / 1000);
  const claims = {
    iss: ISSUER,
    sub: 'alice',
    aud: AUDIENCE,
    client_id: 'spiffe://bench.test/agent/portal',
    scope: 'invoices:read invoices:write',
    act: { sub: 'spiffe://bench.test/agent/planner' },
    cnf: { 'x5t#S256': Buffer.from(CERTIFICATE, 'hex').toString('base64url') },
    iat,
    exp: iat + 3600,
  };
  const header = part({ typ: 'at+jwt', alg, kid: alg });
  const key = { key: privateKey, dsaEncoding: 'ieee-p1363' } as const;
  const all = Array.from({ length: count }, async (_, n) => {
    const text = `${header}.${part({ ...claims, jti: `token-${n}` })}`;
    const signature = await signLater('sha256', Buffer.from(text), key);
    return `${text}.${signature.toString('base64url')}`;
  });
  return Promise.all(all);
}

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function microseconds(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

const collect: () => void = (() => {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
})();

if (import.meta.main) {
  const { lines, ok } = await benchToken();
  console.log(lines.join('\n'));
  process.exitCode = ok ? 0 : 1;
}
