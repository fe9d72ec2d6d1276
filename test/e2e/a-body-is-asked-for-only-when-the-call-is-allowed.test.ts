import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { world } from '../support/harness.ts';

const NEW_INVOICE = JSON.stringify({ customer: 'Acme', cents: 100, due: '2030-01-01' });

function head(path: string, fields: readonly string[]): string {
  return [`POST ${path} HTTP/1.1`, 'host: localhost', ...fields, '', ''].join('\r\n');
}

describe('a body is asked for only when the call is allowed', () => {
  it('an allowed call gets 100 Continue, then its answer', async () => {
    const w = await world();
    const socket = await w.raw();
    const fields = [`content-length: ${NEW_INVOICE.length}`, 'content-type: application/json'];
    socket.write(head('/invoices', [...fields, 'expect: 100-continue', 'connection: close']));
    const [first] = (await once(socket, 'data')) as [Buffer];
    expect(first.toString()).toBe('HTTP/1.1 100 Continue\r\n\r\n');
    socket.write(NEW_INVOICE);
    const rest = Buffer.concat((await socket.toArray()) as Buffer[]).toString();
    expect(rest).toMatch(/^HTTP\/1\.1 201 Created\r\n/);
  });

  it('a denied call is refused before a byte of it is read', async () => {
    const w = await world();
    const socket = await w.raw(w.as('planner'));
    socket.write(head('/invoices', ['content-length: 1000000', 'expect: 100-continue']));
    const all = Buffer.concat((await socket.toArray()) as Buffer[]).toString();
    expect(all).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n/);
    expect(all).toMatch(/\r\nconnection: close\r\n/i);
    expect(all).not.toContain('100 Continue');
  });

  it('a denied call with a large body gets to read why, though it was still sending', async () => {
    const w = await world();
    const socket = await w.raw(w.as('planner'));
    socket.write(head('/invoices', ['content-length: 200000']));
    socket.write(Buffer.alloc(200_000, 1));
    const all = Buffer.concat((await socket.toArray()) as Buffer[]).toString();
    expect(all).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n/);
  });

  it('after a denied call with a small body the connection goes on', async () => {
    const w = await world();
    const socket = await w.raw(w.as('planner'));
    socket.write(head('/invoices', ['content-length: 5']));
    socket.write('12345');
    const [denied] = (await once(socket, 'data')) as [Buffer];
    expect(denied.toString()).toMatch(/^HTTP\/1\.1 403 /);
    socket.write('GET /invoices/INV-1001 HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n');
    const rest = Buffer.concat((await socket.toArray()) as Buffer[]).toString();
    expect(rest).toMatch(/HTTP\/1\.1 200 OK/);
  });

  it.each([
    ['declared', ['content-length: 70000']],
    ['found out on the way', ['transfer-encoding: chunked']],
  ])('a body over the limit of the route is refused: %s', async (_, fields) => {
    const w = await world();
    const socket = await w.raw();
    socket.write(head('/invoices', fields));
    const chunk = Buffer.alloc(7000, 0x61);
    const framed = fields[0]?.startsWith('transfer') === true;
    for (let i = 0; i < 10; i++)
      socket.write(
        framed ? Buffer.concat([Buffer.from('1b58\r\n'), chunk, Buffer.from('\r\n')]) : chunk,
      );
    const all = Buffer.concat((await socket.toArray()) as Buffer[]).toString();
    expect(all).toMatch(/^HTTP\/1\.1 413 /);
    const lines = await w.ended(1);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({ code: 'TOO_LARGE' });
  });
});
