import { createServer, type AddressInfo, type Server } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { running } from './running.ts';
import { isClearFault, newSandbox } from './sandbox.ts';

test('a call that is allowed prints what the agent says, and ends with 0', async () => {
  const { box, to } = await running();
  const { code, out, err } = await box.bin('call', 'client', 'GET', '/', '--to', to);
  expect({ code, out, err }).toEqual({ code: 0, out: 'hello from the agent\n', err: '200 OK\n' });
});

test('a call that is denied says so in words, names the next command, and ends with 1', async () => {
  const { box, to } = await running();
  const { code, out, err } = await box.run('call', 'client', 'GET', '/admin', '--to', to);
  expect({ code, err }).toEqual({ code: 1, err: '' });
  expect(out).toMatch(/^✗ 403 NO_ROUTE {2}refused at authorization\n {2}This identity may not/);
  expect(out).toMatch(/→ sidegate why [a-z2-7]{16}\n$/);
});

test('a path is sent exactly as it is', async () => {
  const { box, to } = await running();
  const { code, out } = await box.run('call', 'client', 'GET', '/invoices/..%2fadmin', '--to', to);
  expect(code).toBe(1);
  expect(out).toContain('400 MALFORMED_REQUEST');
});

test('--json holds status, header fields, body and problem', async () => {
  const { box, to } = await running();
  const allowed = await box.run('call', 'client', 'GET', '/', '--to', to, '--json');
  expect(JSON.parse(allowed.out)).toMatchObject({ status: 200, body: 'hello from the agent\n' });
  const denied = await box.run('call', 'client', 'GET', '/admin', '--to', to, '--json');
  expect(denied.code).toBe(1);
  expect(JSON.parse(denied.out)).toMatchObject({
    status: 403,
    problem: { code: 'NO_ROUTE', stage: 'authorization' },
  });
});

test('a sidecar of another CA is not trusted', async () => {
  const { to } = await running();
  const box = newSandbox();
  await box.run('init', 'other', '--upstream', 'http://127.0.0.1:3000');
  const ran = await box.run('call', 'client', 'GET', '/', '--to', to);
  expect(ran.code).toBe(1);
  expect(ran.err).toContain('its certificate is not of the CA in --dir');
  expect(isClearFault(ran)).toBe(true);
});

test('a sidecar whose certificate is for another host is not trusted', async () => {
  const box = newSandbox();
  await box.run('init', 'invoices', '--upstream', 'http://127.0.0.1:3000');
  const nameless = { cert: box.read('certs/client.crt'), key: box.read('certs/client.key') };
  const port = await listening(createTlsServer(nameless));
  const ran = await box.run('call', 'client', 'GET', '/', '--to', `https://localhost:${port}`);
  expect(ran.err).toContain('its certificate is for other hosts');
  expect(isClearFault(ran)).toBe(true);
});

test('what does not speak TLS is named so', async () => {
  const box = newSandbox();
  await box.run('init', 'invoices', '--upstream', 'http://127.0.0.1:3000');
  const server = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  const to = `https://127.0.0.1:${await listening(server)}`;
  const ran = await box.run('call', 'client', 'GET', '/', '--to', to);
  expect(ran.code).toBe(1);
  expect(ran.err).toContain('does not speak TLS');
});

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}
