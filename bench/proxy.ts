// CPU time a call costs, Sidegate and a plain Node proxy side by side: node bench/proxy.ts
import { X509Certificate, hash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ensure } from '../src/ca/index.ts';
import { systemClock } from '../src/lib/index.ts';
import { TrustDomain } from '../src/spiffe/index.ts';
import { generateSigningKey, publicJwks, signAccessToken } from '../src/token/index.ts';
import { Contender } from './contender.ts';
import type { BenchResult } from './policy.ts';

const ROOT = resolve(import.meta.dirname, '..');
/** In each run the processes are new: two of the same kind differ by a few per cent for as long as they live. */
const RUNS = 4;
const ROUNDS = 20;
const CALLS = 200;
const WARM_UP = 4000;
/** Different tokens that come in turns, all of which are remembered. */
const MANY = 500;
const ANSWER = '{"id":"INV-1"}';
/** What a call with a token that is remembered may cost, of one without. */
const GOAL = 1.2;

const POLICY = `version: 1
trustDomain: acme.test
agents: { billing: [invoices:read] }
routes: { 'GET /invoices/{id}': [invoices:read] }
`;
/** The same, for calls on behalf of alice. */
const TOKEN_POLICY = `version: 1
trustDomain: acme.test
issuers: { sts: { issuer: 'https://sts.acme.test', keys: { file: jwks.json }, narrows: true } }
agents: { billing: [invoices:read] }
routes:
  GET /invoices/{id}: { scopes: [invoices:read], token: required, onBehalfOf: required }
`;

/** Each is compared with the one that it names. */
const KINDS = [
  { name: 'plain Node proxy', of: 0, tokens: 0, policy: undefined, out: false },
  { name: 'sidegate', of: 0, tokens: 0, policy: 'policy.yaml', out: false },
  { name: 'with a bound token', of: 1, tokens: 1, policy: 'tokens.yaml', out: false },
  { name: `with ${MANY} in turns`, of: 1, tokens: MANY, policy: 'tokens.yaml', out: false },
  { name: 'with a handle too', of: 1, tokens: 1, policy: 'tokens.yaml', out: true },
] as const;

/** Microseconds a call, of each kind. */
type Round = readonly number[];

export async function benchProxy(): Promise<BenchResult> {
  const folder = mkdtempSync(join(tmpdir(), 'sidegate-bench-'));
  const agent = createServer((_, response) => response.end(ANSWER));
  try {
    agent.listen(join(folder, 'agent.sock'));
    const tokens = await writeFiles(folder);
    const runs: Round[][] = [];
    for (let run = 0; run < RUNS; run++) runs.push(await measure(folder, tokens));
    return report(runs);
  } finally {
    agent.close();
    agent.closeAllConnections();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What all contenders find there; gives the tokens that are sent. */
async function writeFiles(folder: string): Promise<readonly string[]> {
  ensure({
    folder: join(folder, 'certs'),
    trustDomain: TrustDomain.parse('acme.test'),
    agents: [{ name: 'invoices', ip: ['127.0.0.1'] }, { name: 'billing' }],
    now: systemClock,
  });
  const key = await generateSigningKey();
  writeFileSync(join(folder, 'jwks.json'), JSON.stringify(publicJwks([key])));
  writeFileSync(join(folder, 'policy.yaml'), POLICY);
  writeFileSync(join(folder, 'tokens.yaml'), TOKEN_POLICY);
  const { raw } = new X509Certificate(readFileSync(join(folder, 'certs/billing.crt')));
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    ...{ iss: 'https://sts.acme.test', sub: 'alice', scope: 'invoices:read' },
    ...{ aud: 'spiffe://acme.test/agent/invoices', client_id: 'spiffe://acme.test/agent/billing' },
    cnf: { 'x5t#S256': hash('sha256', raw, 'base64url') },
    ...{ iat: now, exp: now + 3600 },
  };
  const signed = Array.from({ length: MANY }, (_, n) =>
    signAccessToken({ ...claims, jti: `bench-${n}` }, key),
  );
  return Promise.all(signed);
}

/** One run: new processes, warmed up, then loaded in turns. */
async function measure(folder: string, tokens: readonly string[]): Promise<Round[]> {
  const contenders: Contender[] = [];
  try {
    for (const kind of KINDS) contenders.push(await start(folder, kind, tokens));
    for (const contender of contenders) await contender.load(WARM_UP);
    const rounds: Round[] = [];
    let before: readonly number[] | undefined;
    // What a process does after its turn, such as writing its audit, counts until its next one.
    for (let round = 0; round <= ROUNDS; round++) {
      const spent: number[] = [];
      for (const contender of contenders) {
        spent.push(contender.cpu());
        await contender.load(CALLS);
      }
      const last = before;
      if (last !== undefined) rounds.push(spent.map((cpu, n) => (cpu - (last[n] ?? NaN)) / CALLS));
      before = spent;
    }
    for (const contender of contenders) await contender.stop();
    for (const [n, { calls }] of contenders.entries()) checkAudit(folder, KINDS[n], calls);
    return rounds;
  } finally {
    for (const contender of contenders) await contender.stop();
  }
}

type Kind = (typeof KINDS)[number];

async function start(folder: string, kind: Kind, tokens: readonly string[]): Promise<Contender> {
  const { name, policy } = kind;
  const certs = join(folder, 'certs');
  const authorizations = tokens.slice(0, kind.tokens).map((token) => `Bearer ${token}`);
  const options = { name, certs, authorizations, body: ANSWER };
  if (policy === undefined) {
    const files = ['invoices.crt', 'invoices.key', 'ca.crt'].map((file) => join(certs, file));
    const plain = [join(ROOT, 'bench/plain-proxy.ts'), ...files, join(folder, 'agent.sock')];
    return Contender.start({ ...options, args: plain });
  }
  const config = join(folder, `${KINDS.indexOf(kind)}.yaml`);
  rmSync(auditOf(folder, kind), { force: true });
  writeFileSync(
    config,
    `inbound: { listen: 127.0.0.1:0, upstream: unix:agent.sock }
identity: { cert: certs/invoices.crt, key: certs/invoices.key }
trust: { acme.test: { roots: certs/ca.crt, crl: certs/ca.crl } }
policy: ${policy}
audit: { file: ${auditOf(folder, kind)} }
${kind.out ? 'outbound: { listen: unix:out.sock }\n' : ''}`,
  );
  return Contender.start({
    ...options,
    args: [join(ROOT, 'bin/sidegate.js'), 'run', '--config', config],
  });
}

function auditOf(folder: string, kind: Kind): string {
  return join(folder, `audit-${KINDS.indexOf(kind)}.jsonl`);
}

/** They are compared for the same work: every call is in the audit, allowed, and for whom if a token came. */
function checkAudit(folder: string, kind: Kind | undefined, calls: number): void {
  if (kind?.policy === undefined) return;
  const lines = readFileSync(auditOf(folder, kind), 'utf8').split('\n');
  const good = lines.filter(
    (line) =>
      line.includes('"event":"call"') &&
      line.includes('"decision":"allow"') &&
      line.includes('"sub":"alice"') === kind.tokens > 0,
  ).length;
  if (good !== calls) throw new Error(`${kind.name}: ${good} of ${calls} calls are in the audit`);
}

function report(runs: readonly (readonly Round[])[]): BenchResult {
  const all = runs.flat();
  const lines = KINDS.map(({ name, of }, n) => {
    const cost = quantile(
      all.map((round) => round[n] ?? NaN),
      0.5,
    )
      .toFixed(0)
      .padStart(5);
    const line = `  ${name.padEnd(20)} ${cost} µs`;
    if (of === n) return line;
    const [low, mid, high] = [0.25, 0.5, 0.75].map((q) => ratio(all, n, of, q).toFixed(2));
    const each = runs.map((run) => ratio(run, n, of, 0.5).toFixed(2)).join(' ');
    return `${line}  ${mid} of ${of === 0 ? 'plain' : 'sidegate'}, half of the rounds ${low} to ${high}, runs ${each}`;
  });
  const worst = Math.max(...[2, 3].map((n) => ratio(all, n, 1, 0.5)));
  const ok = worst <= GOAL;
  const heading = `CPU time of a GET of 14 bytes over kept connections, 16 at a time: medians of ${RUNS} runs with ${ROUNDS} rounds of ${CALLS} calls, in turns`;
  const goal = `  goal: a token that is remembered costs at most ${GOAL} of a call without: ${ok ? 'met' : 'MISSED'}`;
  return { lines: [heading, ...lines, goal], ok };
}

/** What kind `n` costs of what kind `of` does in the same round. */
function ratio(rounds: readonly Round[], n: number, of: number, q: number): number {
  return quantile(
    rounds.map((round) => (round[n] ?? NaN) / (round[of] ?? NaN)),
    q,
  );
}

function quantile(values: readonly number[], q: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * q)] ?? NaN;
}

if (import.meta.main) {
  const { lines, ok } = await benchProxy();
  process.stdout.write(`${lines.join('\n')}\n`);
  process.exitCode = ok ? 0 : 1;
}
