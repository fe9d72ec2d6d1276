import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, renameSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as reserve, type AddressInfo } from 'node:net';
import { expect, it, onTestFinished, vi } from 'vitest';
import { BIN, newSandbox } from '../cli/sandbox.ts';

it('a moved audit file goes on in a new one at SIGHUP, and both verify as one chain', async () => {
  const box = newSandbox();
  const agent = createServer((_, response) => response.end('hello\n'));
  await once(agent.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void agent.close());
  const upstream = `http://127.0.0.1:${(agent.address() as AddressInfo).port}`;
  await box.run('init', 'invoices', '--upstream', upstream);
  const port = await freePort();
  const flags = ['--inbound.listen', `127.0.0.1:${port}`, '--status.listen', '127.0.0.1:0'];
  const audit = ['--audit.file', box.file('audit.jsonl')];
  const child = spawn(process.execPath, [BIN, 'run', ...flags, ...audit], {
    cwd: box.folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  await vi.waitFor(() => expect(said).toContain('takes calls'), { timeout: 20_000 });

  const call = () => box.run('call', 'client', 'GET', '/', '--to', `https://localhost:${port}`);
  expect((await call()).code).toBe(0);
  await vi.waitFor(() => expect(box.read('audit.jsonl')).toContain('"event":"call"'));
  renameSync(box.file('audit.jsonl'), box.file('audit.1'));
  expect((await call()).code).toBe(0);
  await vi.waitFor(() => expect(countIn(box.file('audit.1'), 'call')).toBe(2));
  child.kill('SIGHUP');
  await vi.waitFor(() => expect(said).toContain('goes on in a new file'));
  expect((await call()).code).toBe(0);
  child.kill('SIGTERM');
  await once(child, 'exit');

  const calls = ['audit.1', 'audit.jsonl'].map((name) => countIn(box.file(name), 'call'));
  expect(calls).toEqual([2, 1]);
  const verify = ['audit', 'verify', 'audit.1', 'audit.jsonl', '--roots', 'certs/ca.crt'];
  const verified = await box.bin(...verify);
  expect(verified.out).toContain('✓ intact');
  expect(verified.out).toContain('by spiffe://acme.test/agent/invoices');
  expect(verified.code).toBe(0);
}, 60_000);

function countIn(file: string, event: string): number {
  return readFileSync(file, 'utf8').split(`"event":"${event}"`).length - 1;
}

async function freePort(): Promise<number> {
  const server = reserve();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
