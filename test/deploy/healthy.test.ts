import { spawnSync } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { describe, expect, onTestFinished, test } from 'vitest';
import { BIN, newSandbox } from '../cli/sandbox.ts';
import { running } from '../cli/running.ts';

async function statusOf() {
  const { box, sidecar } = await running();
  if (sidecar.status?.kind !== 'tcp') throw new TypeError('it has a status server');
  return { box, sidecar, address: `127.0.0.1:${sidecar.status.port}` };
}

/** Somebody who takes connections and answers with these bytes, or nothing. */
async function answering(bytes: string): Promise<string> {
  const server = createServer((socket) => void socket.on('error', () => undefined).end(bytes));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('sidegate healthy', () => {
  test('ends with 0 while calls are taken, and 1 when nobody answers', async () => {
    const { box, sidecar, address } = await statusOf();
    expect(await box.run('healthy', '--status', address)).toMatchObject({
      code: 0,
      out: 'ready\n',
    });
    expect(await box.run('healthy', '--status', address, '--live')).toMatchObject({ code: 0 });
    await sidecar.drain();
    const { code, out } = await box.run('healthy', '--status', address);
    expect({ code, out }).toEqual({ code: 1, out: 'not ready: ECONNREFUSED\n' });
  });

  test('finds the status server as run does: variable before file, all addresses by loopback', async () => {
    const { box, address } = await statusOf();
    const everywhere = address.replace('127.0.0.1', '0.0.0.0');
    const env = { SIDEGATE_STATUS_LISTEN: everywhere };
    expect(await box.runWith({ env }, 'healthy')).toMatchObject({ code: 0 });
    box.write('health.yaml', `status: { listen: ${everywhere} }\n`);
    expect(await box.run('healthy', '--config', 'health.yaml')).toMatchObject({ code: 0 });
    const json = await box.run('healthy', '--config', 'health.yaml', '--json');
    expect(JSON.parse(json.out)).toEqual({
      ok: true,
      reasons: [],
      status: address,
      path: '/readyz',
    });
  });

  test.each([
    ['HTTP/1.1 503 No\r\n\r\n{"ready":false,"reasons":["DRAINING","\\u001b[31m"]}', 'DRAINING'],
    ['HTTP/1.1 503 No\r\n\r\n', 'HTTP 503'],
    ['HTTP/1.1 2000 OK\r\n\r\n', 'HTTP unknown'],
    ['', 'HTTP unknown'],
  ])('takes nothing but a plain 200 for healthy: %j', async (bytes, reason) => {
    const { code, out } = await newSandbox().run('healthy', '--status', await answering(bytes));
    expect({ code, out }).toEqual({ code: 1, out: `not ready: ${reason}\n` });
  });

  test.each([
    [['--status', 'nowhere'], '--status is no address'],
    [['--config', 'none.yaml'], 'there is no such file'],
    [['--config', 'bare.yaml'], 'has no status server'],
  ])('says what is wrong with %j', async (args, sentence) => {
    const box = newSandbox();
    box.write('bare.yaml', 'policy: policy.yaml\n');
    const { code, err } = await box.run('healthy', ...args);
    expect(code).toBe(2);
    expect(err).toContain(sentence);
  });

  test('loads no room but those that read a file', () => {
    const spy = `data:text/javascript,${encodeURIComponent(
      "import { registerHooks } from 'node:module'; registerHooks({ load(url, context, next) { process._rawDebug(url); return next(url, context); } });",
    )}`;
    const args = ['--import', spy, BIN, 'healthy', '--status', '127.0.0.1:1'];
    const { stderr } = spawnSync(process.execPath, args, { cwd: tmpdir(), encoding: 'utf8' });
    const rooms = [...stderr.matchAll(/\/src\/(\w+)\//g)].map(([, room]) => room);
    expect([...new Set(rooms)].toSorted()).toEqual(['cli', 'files', 'lib']);
  });
});
