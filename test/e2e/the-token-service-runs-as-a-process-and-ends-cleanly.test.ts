import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { BIN } from '../cli/sandbox.ts';
import { until } from '../support/harness.ts';
import { stsWorld, type StsWorld } from '../support/sts-world.ts';

async function process_(world: StsWorld) {
  await world.server.drain();
  const child = spawn(process.execPath, [BIN, 'sts'], { cwd: world.folder });
  onTestFinished(() => void child.kill('SIGKILL'));
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (said += text));
  const ended = once(child, 'close').then(() => child.exitCode);
  return { child, ended, said: () => said };
}

test('it says where it is, serves, and ends with SIGTERM; the package below says nothing', async () => {
  const world = await stsWorld();
  const { child, ended, said } = await process_(world);
  await until(() => (said().includes('gives tokens as') ? true : undefined));
  child.kill('SIGHUP');
  await until(() => (said().includes('the keys is in force') ? true : undefined));
  child.kill('SIGTERM');
  expect(await ended).toBe(0);
  expect(said()).not.toMatch(/oidc-provider|WARNING|NOTICE/);
});

test('without keys it does not start, and says how to make them', async () => {
  const world = await stsWorld();
  rmSync(join(world.folder, 'certs/sts.keys.json'));
  const { ended, said } = await process_(world);
  expect(await ended).toBe(2);
  expect(said()).toContain('sidegate token keys');
});
