import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { BIN, newSandbox, type Sandbox } from './sandbox.ts';

async function anAgent(): Promise<string> {
  const agent = createServer((_, response) => response.end('hello from the agent\n'));
  await new Promise<void>((resolve) => agent.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void agent.close());
  return `http://127.0.0.1:${(agent.address() as AddressInfo).port}`;
}

/** `sidegate run` on ports that nobody has; gives the one that it chose, and how it ends. */
async function run({ folder }: Sandbox, ...more: readonly string[]) {
  const ports = ['--listen', '127.0.0.1:0', '--status.listen', '127.0.0.1:0'];
  const child = spawn(process.execPath, [BIN, 'run', ...ports, ...more], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const closed = once(child, 'close') as Promise<[code: number]>;
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await closed;
  });
  let log = '';
  const port = await new Promise<string>((resolve, reject) => {
    child.stderr.on('data', (data: Buffer) => {
      log += data.toString();
      const found = /https:\/\/127\.0\.0\.1:(\d+)/.exec(log)?.[1];
      if (found !== undefined) resolve(found);
    });
    child.once('close', () => reject(new Error(`it ended: ${log}`)));
  });
  const stop = async () => {
    child.kill('SIGTERM');
    return (await closed)[0];
  };
  return { port, stop };
}

/** The line that `init` printed, as a shell would run it, but for the port. */
async function curl({ folder }: Sandbox, line: string, port: string) {
  const [, ...args] = line.trim().replace(':8443', `:${port}`).split(' ');
  return (await promisify(execFile)('curl', ['-sS', ...args], { cwd: folder })).stdout;
}

test('the steps that init prints work as they are printed', async () => {
  const box = newSandbox();
  const { out } = await box.bin('init', 'hello', '--upstream', await anAgent());
  const line = /^ {2}curl .*$/m.exec(out)?.[0] ?? '';
  expect((await box.bin('check')).code).toBe(0);
  const { port, stop } = await run(box);
  expect(await curl(box, line, port)).toBe('hello from the agent\n');
  expect(await curl(box, `${line}admin`, port)).toContain('"code":"NO_ROUTE"');
  expect((await box.bin('why')).out).toContain('✗ 403 NO_ROUTE  client  GET /admin');
  expect(await stop()).toBe(0);
  const shadow = await run(box, '--mode', 'shadow');
  expect(await curl(box, `${line}admin`, shadow.port)).toBe('hello from the agent\n');
  expect((await box.bin('why', 'last')).out).toContain('shadow mode let it through');
  expect(await shadow.stop()).toBe(0);
});
