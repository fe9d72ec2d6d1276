// CPU time a call costs, Sidegate and a plain Node proxy side by side: node bench/proxy.ts
import { spawn, type ChildProcess } from 'node:child_process';
import { X509Certificate, hash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Pool } from 'undici';
import { ensure } from '../src/ca/index.ts';
import { systemClock } from '../src/lib/index.ts';
import { TrustDomain } from '../src/spiffe/index.ts';
import { generateSigningKey, publicJwks, signAccessToken } from '../src/token/index.ts';

const ROOT = resolve(import.meta.dirname, '..');
const ROUNDS = 6;
const CALLS = 4000;
const AT_A_TIME = 16;
const TICKS_PER_SECOND = 100;

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
const CONFIG = `inbound: { listen: 127.0.0.1:0, upstream: unix:agent.sock }
identity: { cert: certs/invoices.crt, key: certs/invoices.key }
trust: { acme.test: { roots: certs/ca.crt, crl: certs/ca.crl } }
policy: policy.yaml
audit: { file: audit.jsonl }
`;

interface Contender {
  readonly name: string;
  readonly child: ChildProcess;
  readonly pool: Pool;
  readonly headers: Readonly<Record<string, string>>;
  readonly microseconds: number[];
}

export async function benchProxy(): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'sidegate-bench-'));
  const agent = createServer((_, response) => response.end('{"id":"INV-1"}'));
  const contenders: Contender[] = [];
  try {
    writeFileSync(join(folder, 'policy.yaml'), POLICY);
    writeFileSync(join(folder, 'sidegate.yaml'), CONFIG);
    ensure({
      folder: join(folder, 'certs'),
      trustDomain: TrustDomain.parse('acme.test'),
      agents: [{ name: 'invoices', ip: ['127.0.0.1'] }, { name: 'billing' }],
      now: systemClock,
    });
    agent.listen(join(folder, 'agent.sock'));
    const certs = ['invoices.crt', 'invoices.key', 'ca.crt'].map((f) => join(folder, 'certs', f));
    const plain = [join(ROOT, 'bench/plain-proxy.ts'), ...certs, join(folder, 'agent.sock')];
    contenders.push(await start('plain Node proxy', plain, folder));
    contenders.push(await start('sidegate', sidegate(folder, 'sidegate.yaml'), folder));
    const headers = await tokenIn(folder);
    const token = sidegate(folder, 'token.yaml');
    contenders.push(await start('with a bound token', token, folder, headers));
    const handle = sidegate(folder, 'outbound.yaml');
    contenders.push(await start('with a handle too', handle, folder, headers));
    for (const contender of contenders) await load(contender);
    for (const { microseconds } of contenders) microseconds.length = 0;
    for (let round = 0; round < ROUNDS; round++)
      for (const contender of contenders) await load(contender);
    return report(contenders);
  } finally {
    for (const { child, pool } of contenders) {
      await pool.destroy();
      child.kill('SIGKILL');
    }
    agent.close();
    agent.closeAllConnections();
    rmSync(folder, { recursive: true, force: true });
  }
}

function sidegate(folder: string, config: string): string[] {
  return [join(ROOT, 'bin/sidegate.js'), 'run', '--config', join(folder, config)];
}

/** Two more configurations, with tokens and with a way out as well; and the token that is sent with every call. */
async function tokenIn(folder: string): Promise<Contender['headers']> {
  const key = await generateSigningKey();
  writeFileSync(join(folder, 'jwks.json'), JSON.stringify(publicJwks([key])));
  writeFileSync(join(folder, 'tokens.yaml'), TOKEN_POLICY);
  const config = CONFIG.replace('policy.yaml', 'tokens.yaml');
  writeFileSync(join(folder, 'token.yaml'), config.replace('audit.', 'audit-token.'));
  const outbound = `${config.replace('audit.', 'audit-out.')}outbound: { listen: unix:out.sock }\n`;
  writeFileSync(join(folder, 'outbound.yaml'), outbound);
  const { raw } = new X509Certificate(readFileSync(join(folder, 'certs/billing.crt')));
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    ...{ iss: 'https://sts.acme.test', sub: 'alice', scope: 'invoices:read', jti: 'bench' },
    ...{ aud: 'spiffe://acme.test/agent/invoices', client_id: 'spiffe://acme.test/agent/billing' },
    cnf: { 'x5t#S256': hash('sha256', raw, 'base64url') },
    ...{ iat: now, exp: now + 3600 },
  };
  return { authorization: `Bearer ${await signAccessToken(claims, key)}` };
}

async function start(
  name: string,
  args: string[],
  folder: string,
  headers: Contender['headers'] = {},
): Promise<Contender> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  const origin = await new Promise<string>((found, failed) => {
    const listen = (chunk: Buffer): void => {
      said += chunk.toString();
      const match = /https:\/\/127\.0\.0\.1:\d+/.exec(said);
      if (match !== null) found(match[0]);
    };
    child.stdout.on('data', listen);
    child.stderr.on('data', listen);
    void once(child, 'exit').then(() => failed(new Error(said)));
  });
  const read = (file: string) => readFileSync(join(folder, 'certs', file));
  const connect = { ca: read('ca.crt'), cert: read('billing.crt'), key: read('billing.key') };
  const pool = new Pool(origin, { connections: AT_A_TIME, connect });
  return { name, child, pool, headers, microseconds: [] };
}

async function load({ child, pool, headers, microseconds }: Contender): Promise<void> {
  const before = cpuSeconds(child);
  let left = CALLS;
  const worker = async (): Promise<void> => {
    while (left-- > 0) {
      const asked = { method: 'GET', path: '/invoices/INV-1', headers } as const;
      const { statusCode, body } = await pool.request(asked);
      await body.dump();
      if (statusCode !== 200) throw new Error(`answered ${statusCode}`);
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, worker));
  microseconds.push(((cpuSeconds(child) - before) / CALLS) * 1e6);
}

/** User and system time of a process, all threads (proc(5), fields 14 and 15). */
function cpuSeconds(child: ChildProcess): number {
  const stat = readFileSync(`/proc/${child.pid ?? 0}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

function report(contenders: readonly Contender[]): string[] {
  const medians = contenders.map(({ microseconds }) => median(microseconds));
  const [plain = 1, ours = 1, token = 0, handle = 0] = medians;
  const lines = contenders.map(
    ({ name }, i) =>
      `  ${name.padEnd(20)} ${(medians[i] ?? 0).toFixed(0).padStart(5)} µs of CPU a call`,
  );
  return [
    'a GET of 14 bytes over kept connections, 16 at a time:',
    ...lines,
    `  ratio ${(ours / plain).toFixed(2)}; a token costs ${(token / ours).toFixed(2)} of a call without, with a handle ${(handle / ours).toFixed(2)}`,
  ];
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

if (import.meta.main) process.stdout.write(`${(await benchProxy()).join('\n')}\n`);
