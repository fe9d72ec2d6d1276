import { chmodSync, mkdirSync } from 'node:fs';
import { createServer, type AddressInfo, type ListenOptions } from 'node:net';
import { dirname } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { outsideAddresses } from '../../src/cli/check/addresses.ts';
import { newSandbox } from '../cli/sandbox.ts';

async function listening(options: ListenOptions): Promise<number> {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(options, resolve));
  onTestFinished(() => void server.close());
  return options.path === undefined ? (server.address() as AddressInfo).port : 0;
}

async function inFrontOf(upstream: string) {
  const box = newSandbox();
  const { code, err } = await box.run('init', 'invoices', '--upstream', upstream);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return box;
}

/** A machine that is only on its own loopback cannot be walked round from outside, and cannot show it. */
const elsewhere = outsideAddresses()[0];

describe('check --reach', () => {
  test.skipIf(elsewhere === undefined)(
    'finds an agent that listens on every address (skipped where there is only loopback)',
    async () => {
      const port = await listening({ host: '0.0.0.0', port: 0 });
      const box = await inFrontOf(`http://127.0.0.1:${port}`);
      const { code, out } = await box.run('check', '--reach');
      expect(code).toBe(2);
      expect(out).toContain(`✗ reach          ${elsewhere}:${port} takes connections from here`);
      expect(out).toContain('Have the agent listen on a Unix socket, or on 127.0.0.1');
    },
  );

  test('finds no way to an agent on loopback, and warns of what shares it', async () => {
    const port = await listening({ host: '127.0.0.1', port: 0 });
    const box = await inFrontOf(`http://127.0.0.1:${port}`);
    const { code, out } = await box.run('check', '--reach');
    expect(code).toBe(0);
    expect(out).toMatch(/✓ reach {10}(the agent cannot be reached at|this machine has no address)/);
    expect(out).toContain(`can connect to port ${port} and walk round the sidecar`);
    expect(out).toContain('Nobody walks round it from here');
  });

  test.each([
    { socket: 0o666, folder: 0o700, code: 2, says: 'everybody may open' },
    { socket: 0o660, folder: 0o777, code: 2, says: 'everybody may write' },
    {
      socket: 0o660,
      folder: 0o2750,
      code: 0,
      says: /can be opened by user \d+ and group \d+ only/,
    },
    { socket: 0o755, folder: 0o755, code: 0, says: /can be opened by user \d+ only/ },
  ])('judges a socket of mode $socket in a folder of mode $folder', async (row) => {
    const box = await inFrontOf('unix:agent/agent.sock');
    const path = box.file('agent/agent.sock');
    mkdirSync(dirname(path));
    await listening({ path });
    chmodSync(path, row.socket);
    chmodSync(dirname(path), row.folder);
    const { code, out } = await box.run('check', '--reach');
    expect(out).toMatch(row.says);
    expect(code).toBe(row.code);
  });

  test('says so where there is no socket yet: its rights cannot be seen', async () => {
    const { code, out } = await (await inFrontOf('unix:agent.sock')).run('check', '--reach');
    expect(code).toBe(2);
    expect(out).toMatch(/✗ reach .*agent\.sock: there is no such socket/);
  });

  test('tries addresses that are named, where there is no configuration', async () => {
    const open = await listening({ host: '127.0.0.1', port: 0 });
    const box = newSandbox();
    const found = await box.run('check', '--reach', `127.0.0.1:${open}`, '--reach', '127.0.0.1:1');
    expect(found.code).toBe(2);
    expect(found.out).toContain(`✗ reach          127.0.0.1:${open} takes connections from here`);
    expect(found.out).toContain('✓ reach          127.0.0.1:1 cannot be reached from here');
    const none = await box.run('check', '--reach', '127.0.0.1:1', '--json');
    expect(none.code).toBe(0);
    expect(JSON.parse(none.out)).toMatchObject({ ok: true, findings: [{ what: 'reach' }] });
  });

  test('refuses what is no address', async () => {
    const { code, err } = await newSandbox().run('check', '--reach', 'agent');
    expect(code).toBe(2);
    expect(err).toContain("'agent' is no address to try");
  });
});
