import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Refusal, type IssuerEntry, type PresentedToken } from '../src/call/index.ts';
import { Secret } from '../src/lib/index.ts';
import {
  createVerifier,
  generateSigningKey,
  publicJwks,
  signAccessToken,
  type SigningKey,
  type TokenVerifier,
} from '../src/token/index.ts';

const ROUNDS = 15;
const CALLS = 50_000;
/** Different tokens in use at the same time, of the 4,096 that are remembered. */
const WARM = 1000;
const MAX_MICROSECONDS = 3;
const CHURN_ROUNDS = 6;
const CHURN = 10_000;
const MAX_REMEMBERED = 4096;
const MAX_GROWTH = 8;

const ISSUER = 'https://sts.bench.test';
const AUDIENCE = 'spiffe://bench.test/agent/invoices';
const CERTIFICATE = 'ab'.repeat(32);
const ENTRIES: readonly IssuerEntry[] = [
  {
    name: 'sts',
    issuer: ISSUER,
    keys: { kind: 'url', url: 'https://sts.bench.test/jwks', spiffeId: undefined },
    audiences: [],
    algorithms: ['ES256'],
    binding: 'required',
    scopeClaim: 'scope',
    clientClaim: 'client_id',
    acceptUntypedTokens: false,
    narrows: true,
    development: false,
    at: { file: 'bench.yaml', line: 1, column: 1, text: '' },
  },
];

/** What a token costs that was seen before, and one that was not; and what 10,000 new ones at a time leave in memory. */
export async function benchToken() {
  const key = await generateSigningKey();
  const verifier = verifierOf(key);
  const { text, warm } = await warmCost(verifier, key);
  const rounds: Awaited<ReturnType<typeof churn>>[] = [];
  for (let n = 0; n < CHURN_ROUNDS; n++) rounds.push(await churn(verifier, key, n));
  verifier.close();
  const [first, last] = [rounds[0], rounds.at(-1)];
  const growth = (last?.heap ?? NaN) - (first?.heap ?? NaN);
  const most = Math.max(...rounds.map(({ remembered }) => remembered));
  const ok = warm < MAX_MICROSECONDS && most <= MAX_REMEMBERED && growth < MAX_GROWTH;
  const lines = [
    `token: a bound token of ${text} characters with one actor, CPU time a call, median of ${ROUNDS} rounds of ${CALLS}`,
    `  seen before (${WARM} different)   ${warm.toFixed(2)} µs`,
    `  new, ES256                     ${(last?.cost ?? NaN).toFixed(0)} µs, of all threads`,
    `  after each ${CHURN} new ones: remembered ${rounds.map(({ remembered }) => remembered).join(', ')}`,
    `                               heap, MB  ${rounds.map(({ heap }) => heap.toFixed(1)).join(', ')}`,
    `  goal: seen before under ${MAX_MICROSECONDS} µs, at most ${MAX_REMEMBERED} remembered, heap grows by less than ${MAX_GROWTH} MB: ${ok ? 'met' : 'MISSED'}`,
  ];
  return { lines, ok };
}

function verifierOf(key: SigningKey): TokenVerifier {
  const bytes = Buffer.from(JSON.stringify(publicJwks([key])));
  return createVerifier({
    emit: () => undefined,
    ownSpiffeId: () => AUDIENCE,
    publicUrl: undefined,
    development: false,
    fetchKeys: () => Promise.resolve({ status: 200, contentType: 'application/json', bytes }),
  });
}

async function warmCost(verifier: TokenVerifier, key: SigningKey) {
  const tokens = await tokensOf(key, WARM, 'warm');
  await verifyAll(verifier, tokens);
  const rounds: number[] = [];
  for (let round = 0; round < ROUNDS; round++) rounds.push(microsecondsPerCall(verifier, tokens));
  const text = tokens[0]?.length ?? 0;
  return { text, warm: rounds.toSorted((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? NaN };
}

/** Every call brings a text of its own, as the parser of a connection does: nothing of it was hashed before. */
function microsecondsPerCall(verifier: TokenVerifier, tokens: readonly string[]): number {
  const bytes = tokens.map((token) => Buffer.from(token));
  const calls = Array.from({ length: CALLS }, (_, call) =>
    presented((bytes[call % bytes.length] ?? Buffer.alloc(0)).toString('latin1')),
  );
  // What was made for the calls is cleared away at nobody's cost.
  collect();
  const before = process.cpuUsage();
  for (const call of calls) {
    const answer = verifier.verify(call);
    if (answer instanceof Promise || answer instanceof Refusal)
      throw new TypeError('a token that was seen before is not at hand');
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / CALLS;
}

async function churn(verifier: TokenVerifier, key: SigningKey, round: number) {
  const tokens = await tokensOf(key, CHURN, `round-${round}`);
  const before = process.cpuUsage();
  await verifyAll(verifier, tokens);
  const { user, system } = process.cpuUsage(before);
  tokens.length = 0;
  collect();
  const heap = process.memoryUsage().heapUsed / 1e6;
  return { cost: (user + system) / CHURN, remembered: verifier.size, heap };
}

async function verifyAll(verifier: TokenVerifier, tokens: readonly string[]): Promise<void> {
  const BATCH = 100;
  for (let done = 0; done < tokens.length; done += BATCH) {
    const batch = tokens.slice(done, done + BATCH);
    const answers = await Promise.all(
      batch.map(async (token) => verifier.verify(presented(token))),
    );
    const refusal = answers.find((answer) => answer instanceof Refusal);
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

function tokensOf(key: SigningKey, count: number, name: string): Promise<string[]> {
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
  const all = Array.from({ length: count }, (_, n) =>
    signAccessToken({ ...claims, jti: `${name}-${n}` }, key),
  );
  return Promise.all(all);
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
