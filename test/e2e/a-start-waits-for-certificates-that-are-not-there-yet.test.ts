import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { world } from '../support/harness.ts';
import { startProcess } from '../support/process.ts';

async function withoutKey(wait: string) {
  const w = await world();
  const key = join(w.folder, 'certs/server.key');
  renameSync(key, `${key}.later`);
  const status = join(w.folder, 'status.sock');
  const flags = ['--limits.start-wait', wait, '--status.listen', 'unix:status.sock'];
  const one = startProcess(w, { flags });
  return { w, one, status, appear: () => renameSync(`${key}.later`, key) };
}

it('a start waits for the key, says so, is alive and not ready, and goes on when it is there', async () => {
  const { one, appear, status } = await withoutKey('1h');
  await one.saying(/waits up to 3600 s \(limits\.startWait\) for .*server\.key: not there yet/);
  expect(await ask(status, '/livez')).toEqual({ live: true });
  expect(await ask(status, '/readyz')).toEqual({ ready: false, reasons: ['NOT_READY'] });
  one.child.kill('SIGHUP');
  appear();
  await one.port();
  expect(await ask(status, '/readyz')).toEqual({ ready: true, reasons: [] });
});

it('a start that waited long enough ends with 2, the sentence and the remedy', async () => {
  const { one } = await withoutKey('200ms');
  expect(await one.ended).toBe(2);
  expect(one.said()).toMatch(
    /cannot read our private key .*server\.key: there is no such file\n {2}Run/,
  );
});

it('a signal ends the waiting at once', async () => {
  const { one } = await withoutKey('1h');
  await one.saying(/waits up to/);
  one.child.kill('SIGTERM');
  expect(await one.ended).toBe(0);
});

async function ask(socketPath: string, path: string): Promise<unknown> {
  const { request } = await import('node:http');
  return new Promise((resolve, reject) => {
    const asking = request({ socketPath, path }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (more: string) => (text += more));
      response.once('end', () => resolve(JSON.parse(text)));
    });
    asking.once('error', reject).end();
  });
}
