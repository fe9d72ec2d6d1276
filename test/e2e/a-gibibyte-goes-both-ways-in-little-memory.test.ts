import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { request as httpsRequest } from 'node:https';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { expect, it, onTestFinished } from 'vitest';
import { until, world, type World } from '../support/harness.ts';

const GIB = 1024 ** 3;
const MIB = 1024 ** 2;
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

function open(w: World, port: number, method: string, path: string) {
  const { chainPem: cert, keyPem: key } = w.as('billing');
  const tls = { host: '127.0.0.1', port, ca: w.ca.certPem, cert, key, agent: false } as const;
  const headers = method === 'POST' ? { 'content-length': String(GIB) } : {};
  return httpsRequest({ ...tls, method, path, headers });
}

function residentBytes(child: ChildProcess): number {
  const kib = execFileSync('ps', ['-o', 'rss=', '-p', String(child.pid)]).toString();
  return Number(kib) * 1024;
}

it(
  'a gibibyte goes both ways while the process grows by less than 64 MiB',
  { timeout: 120_000 },
  async () => {
    const w = await world();
    const { child, port } = await separate(w);
    const small = open(w, port, 'GET', `/download?bytes=${16 * MIB}`);
    small.end();
    const [warm] = (await once(small, 'response')) as [Readable];
    await warm.resume().toArray();
    const before = residentBytes(child);
    let most = before;
    const sampler = setInterval(() => (most = Math.max(most, residentBytes(child))), 100);
    onTestFinished(() => clearInterval(sampler));

    const download = open(w, port, 'GET', `/download?bytes=${GIB}`);
    download.end();
    const [answer] = (await once(download, 'response')) as [Readable];
    let downloaded = 0;
    for await (const chunk of answer) downloaded += (chunk as Buffer).length;
    expect(downloaded).toBe(GIB);

    const upload = open(w, port, 'POST', '/upload');
    const chunk = Buffer.alloc(MIB, 1);
    const answered = once(upload, 'response') as Promise<[Readable]>;
    await pipeline(Readable.from(Array.from({ length: 1024 }, () => chunk)), upload);
    const [result] = await answered;
    const body = Buffer.concat((await result.toArray()) as Buffer[]).toString();
    expect(JSON.parse(body)).toMatchObject({ bytes: GIB });

    console.info(`grew by ${((most - before) / MIB).toFixed(1)} MiB`);
    expect(most - before).toBeLessThan(64 * MIB);
    const lines = await until(() => {
      const all = readFileSync(join(w.folder, 'big.jsonl'), 'utf8').trim().split('\n');
      const calls = all.map((line) => JSON.parse(line) as Record<string, unknown>);
      const ended = calls.filter(({ event }) => event === 'call');
      return ended.length >= 3 ? ended : undefined;
    });
    expect(lines).toHaveLength(3);
    expect(lines[1]).toMatchObject({ bytesOut: GIB, code: 'OK' });
    expect(lines[2]).toMatchObject({ bytesIn: GIB, code: 'OK' });
  },
);
