import { expect, it } from 'vitest';
import { until, world } from '../support/harness.ts';

const call = (path: string) => `GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`;

it('calls that do not wait for each other are answered in order, and each is recorded once', async () => {
  const w = await world();
  const socket = await w.raw();
  let said = '';
  socket.on('data', (chunk: Buffer) => (said += chunk.toString()));
  socket.write(call('/invoices/INV-1001') + call('/admin') + call('/invoices/INV-1002'));
  await until(() => (said.includes('INV-1002') ? true : undefined));
  expect(said.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 403', 'HTTP/1.1 200']);
  expect(said.indexOf('INV-1001')).toBeLessThan(said.indexOf('INV-1002'));
  const lines = await w.ended(3);
  expect(lines).toHaveLength(3);
});

it('a caller that leaves behind calls that waited for their turn leaves none of them open', async () => {
  const w = await world();
  const socket = await w.raw();
  socket.write(call('/events?every=60000') + call('/events?every=60000') + call('/whoami'));
  await until(async () => ((await w.audit()).length >= 2 ? true : undefined));
  socket.destroy();
  const lines = await w.ended(3);
  expect(lines).toHaveLength(3);
  expect(lines.map(({ code }) => code)).toEqual(['CALLER_LEFT', 'CALLER_LEFT', 'CALLER_LEFT']);
  expect(await w.metrics()).toMatch(/^sidegate_live_calls 0$/m);
});

it('a caller that piles up more than sixteen calls on one connection loses it', async () => {
  const w = await world();
  const socket = await w.raw();
  socket.on('error', () => undefined);
  socket.write(call('/events?every=60000').repeat(40));
  const lines = await w.ended(17);
  expect(lines.filter(({ code }) => code === 'TOO_MANY_CONNECTIONS').length).toBe(1);
  expect(lines.filter(({ code }) => code === 'CALLER_LEFT').length).toBe(16);
});
