import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { request as httpsRequest } from 'node:https';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { expect, it, onTestFinished } from 'vitest';
import { until, world, type World } from '../support/harness.ts';

const GIB = 1024 ** 3;
const MIB = 1024 ** 2;
const WARM = 64 * MIB;
const BIN = join(import.meta.dirname, '../../bin/sidegate.js');

/** A sidecar in a process of its own, so that its memory is its own. */
async function separate(w: World): Promise<{ child: ChildProcess; port: number }> {
  const flags = ['--listen', '127.0.0.1:0', '--status.listen', '127.0.0.1:0'];
  const files = ['--audit.file', join(w.folder, 'big.jsonl'), '--admin.listen', 'unix:big.sock'];
  const child = spawn(
    process.execPath,
    [BIN, 'run', '--config', join(w.folder, 'sidegate.yaml'), ...flags, ...files],
    { cwd: w.folder, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  onTestFinished(async () => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const port = await until(() => /https:\/\/127\.0\.0\.1:(\d+)/.exec(said)?.[1]);
  return { child, port: Number(port) };
}

function open(w: World, port: number, path: string, { length }: { length?: number } = {}) {
  const { chainPem: cert, keyPem: key } = w.as('billing');
  const tls = { host: '127.0.0.1', port, ca: w.ca.certPem, cert, key, agent: false } as const;
  if (length === undefined) return httpsRequest({ ...tls, path });
  const headers = { 'content-length': String(length) };
  return httpsRequest({ ...tls, method: 'POST', path, headers });
}

/** How many bytes came. */
async function download(w: World, port: number, bytes: number): Promise<number> {
  const request = open(w, port, `/download?bytes=${bytes}`);
  request.end();
  const [answer] = (await once(request, 'response')) as [Readable];
  let got = 0;
  for await (const chunk of answer) got += (chunk as Buffer).length;
  return got;
}

/** What the agent says of what came. */
async function upload(w: World, port: number, bytes: number): Promise<unknown> {
  const request = open(w, port, '/upload', { length: bytes });
  const chunk = Buffer.alloc(MIB, 1);
  const answered = once(request, 'response') as Promise<[Readable]>;
  await pipeline(Readable.from(Array.from({ length: bytes / MIB }, () => chunk)), request);
  const [answer] = await answered;
  return JSON.parse(Buffer.concat((await answer.toArray()) as Buffer[]).toString());
}

/** As the kernel tells it, where it does: asking `ps` ten times a second took longer than the gibibytes. */
function residentBytes({ pid = 0 }: ChildProcess): number {
  const status = `/proc/${pid}/status`;
  const kib = existsSync(status)
    ? /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(status, 'utf8'))?.[1]
    : execFileSync('ps', ['-o', 'rss=', '-p', String(pid)]).toString();
  return Number(kib) * 1024;
}

it(
  'a gibibyte goes both ways while the process grows by less than 64 MiB',
  { timeout: 300_000 },
  async () => {
    const w = await world();
    const { child, port } = await separate(w);
    // What any volume takes, however small the process was when it began.
    await download(w, port, WARM);
    await upload(w, port, WARM);
    const before = residentBytes(child);
    let most = before;
    const sampler = setInterval(() => (most = Math.max(most, residentBytes(child))), 100);
    onTestFinished(() => clearInterval(sampler));

    expect(await download(w, port, GIB)).toBe(GIB);
    expect(await upload(w, port, GIB)).toMatchObject({ bytes: GIB });

    console.info(`grew by ${((most - before) / MIB).toFixed(1)} MiB`);
    expect(most - before).toBeLessThan(64 * MIB);
    const lines = await until(() => {
      const all = readFileSync(join(w.folder, 'big.jsonl'), 'utf8').trim().split('\n');
      const calls = all.map((line) => JSON.parse(line) as Record<string, unknown>);
      const ended = calls.filter(({ event }) => event === 'call');
      return ended.length >= 4 ? ended : undefined;
    });
    expect(lines).toHaveLength(4);
    expect(lines[2]).toMatchObject({ bytesOut: GIB, code: 'OK' });
    expect(lines[3]).toMatchObject({ bytesIn: GIB, code: 'OK' });
  },
);
