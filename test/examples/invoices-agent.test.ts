import { createHash } from 'node:crypto';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Agent, fetch, type RequestInit } from 'undici';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { type InvoicesAgent, startInvoicesAgent } from '../../examples/invoices-agent/main.ts';

const MAIN = join(import.meta.dirname, '../../examples/invoices-agent/main.ts');
const MIB = 1024 * 1024;

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'invoices-agent-'));
});
afterAll(() => rm(directory, { recursive: true }));

describe.each([
  { where: 'on a TCP port', listen: () => '127.0.0.1:0' },
  { where: 'on a Unix socket', listen: () => `unix:${join(directory, 'agent.sock')}` },
])('the invoices agent $where', ({ listen }) => {
  let agent: InvoicesAgent;
  let dispatcher: Agent;

  beforeAll(async () => {
    agent = await startInvoicesAgent({ listen: listen() });
    dispatcher = new Agent({
      connect: agent.socketPath === undefined ? {} : { socketPath: agent.socketPath },
    });
  });
  afterAll(async () => {
    await dispatcher.close();
    await agent.close();
  });

  const ask = (path: string, init: RequestInit = {}) =>
    fetch(`${agent.origin}${path}`, { dispatcher, ...init });
  const post = (body: RequestInit['body']) =>
    ask('/invoices', { method: 'POST', body: body ?? '' });

  // The same function, but its types are undici's and not the global ones.
  const viaDispatcher = ((url: URL, init: RequestInit) =>
    fetch(url, { ...init, dispatcher })) as unknown as typeof globalThis.fetch;

  test('lists, filters and reads invoices', async () => {
    expect(await (await ask('/invoices')).json()).toMatchObject({
      invoices: expect.arrayContaining([expect.objectContaining({ id: 'INV-1001' })]) as unknown,
    });
    const paid = (await (await ask('/invoices?status=paid')).json()) as { invoices: object[] };
    expect(paid.invoices.map((one) => 'id' in one && one.id)).toEqual(['INV-1002']);
    expect(await (await ask('/invoices/INV-1003')).json()).toMatchObject({ status: 'overdue' });
  });

  test('creates an invoice and says where it is', async () => {
    const data = { customer: 'Wingtip Toys', cents: 1999, currency: 'USD', due: '2027-01-31' };
    const created = await post(JSON.stringify(data));
    expect(created.status).toBe(201);
    const read = await ask(created.headers.get('location') ?? '');
    expect(await read.json()).toEqual({
      ...data,
      id: expect.any(String) as unknown,
      status: 'open',
    });
  });

  test.each([
    ['a filter it does not know', 400, () => ask('/invoices?status=lost')],
    ['a body that is not JSON', 400, () => post('{"customer":')],
    ['an empty body', 400, () => post('')],
    ['a body of the wrong shape', 400, () => post('{"customer":"x","cents":-1}')],
    ['a body above 1 MiB', 413, () => post(Buffer.alloc(3 * MIB, ' '))],
    ['an unknown invoice', 404, () => ask('/invoices/INV-9999')],
    ['an unknown path', 404, () => ask('/invoices/INV-1001/lines')],
    ['a path that is no URL', 404, () => ask('//')],
    ['a method the path does not have', 405, () => ask('/invoices', { method: 'DELETE' })],
    ['a WebSocket without an upgrade', 426, () => ask('/socket')],
    ['a download without a size', 400, () => ask('/download')],
    ['events at no interval', 400, () => ask('/events?every=0')],
  ])('answers %s with %i and a sentence, and goes on serving', async (_what, status, call) => {
    const answer = await call();
    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject({ error: expect.any(String) as unknown });
    expect((await ask('/invoices')).status).toBe(200);
  });

  test('names the methods of a path in allow', async () => {
    const answer = await ask('/invoices', { method: 'PATCH' });
    expect(answer.headers.get('allow')).toBe('GET, POST, HEAD');
  });

  test('shows the headers that a sidecar sets, and no others', async () => {
    const fromSidecar = {
      'x-sidegate-agent': 'spiffe://acme.test/agent/billing',
      'x-sidegate-scopes': 'invoices:read',
      'x-forwarded-client-cert': 'URI=spiffe://acme.test/agent/billing',
      'x-request-id': 'r-1',
      forwarded: 'host=invoices.acme.test',
      via: '1.1 sidegate',
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    };
    const headers = { ...fromSidecar, authorization: 'Bearer secret' };
    expect(await (await ask('/whoami', { headers })).json()).toEqual(fromSidecar);
  });

  test('takes an upload of unknown length and answers its size and hash', async () => {
    const part = Buffer.alloc(MIB, 'abc');
    const upload = await ask('/upload', {
      method: 'POST',
      body: Readable.from([part, part, part, part.subarray(0, 5)]),
      duplex: 'half',
    });
    const sha256 = createHash('sha256')
      .update(Buffer.concat([part, part, part, part.subarray(0, 5)]))
      .digest('hex');
    expect(await upload.json()).toEqual({ bytes: 3 * MIB + 5, sha256 });
  });

  test.each([0, 1, 64_256, 5 * MIB + 7])('sends a download of %i bytes', async (bytes) => {
    const download = await ask(`/download?bytes=${bytes}`);
    expect(download.headers.get('content-length')).toBe(String(bytes));
    const body = Buffer.from(await download.arrayBuffer());
    expect(
      body.equals(
        Buffer.alloc(
          bytes,
          Uint8Array.from({ length: 251 }, (_, n) => n),
        ),
      ),
    ).toBe(true);
  });

  test('survives a caller that leaves during a download', async () => {
    const leave = new AbortController();
    const download = await ask(`/download?bytes=${10 * 1024 * MIB}`, { signal: leave.signal });
    expect(download.status).toBe(200);
    leave.abort();
    expect((await ask('/invoices')).status).toBe(200);
  });

  test('sends events one by one, then ends', async () => {
    const stream = await ask('/events?every=20&count=3');
    expect(stream.headers.get('content-type')).toBe('text/event-stream');
    const arrivals: string[] = [];
    for await (const chunk of stream.body ?? []) arrivals.push(Buffer.from(chunk).toString());
    expect(arrivals.map((event) => event.split('\n').slice(0, 2))).toEqual(
      [1, 2, 3].map((n) => [`id: ${n}`, 'event: invoice']),
    );
    expect(arrivals[0]).toMatch(/^data: \{"id":"INV-1001",.*\}\n\n$/m);
  });

  test('sends the head of an event stream before its first event, and notices who leaves', async () => {
    const open = async () => (await ask('/events/open')).json();
    const leave = new AbortController();
    const stream = await ask('/events?every=60000', { signal: leave.signal });
    expect(stream.status).toBe(200);
    expect(await open()).toEqual({ open: 1 });
    leave.abort();
    await vi.waitFor(async () => expect(await open()).toEqual({ open: 0 }));
  });

  test('echoes text and binary messages over a WebSocket', async () => {
    const url =
      agent.socketPath === undefined
        ? `${agent.origin.replace('http', 'ws')}/socket`
        : `ws+unix:${agent.socketPath}:/socket`;
    const socket = new WebSocket(url);
    await once(socket, 'open');
    for (const [message, isBinary] of [
      ['héllo', false],
      [Buffer.alloc(MIB, 7), true],
    ] as const) {
      const echoed = once(socket, 'message');
      socket.send(message);
      expect(await echoed).toEqual([Buffer.from(message), isBinary]);
    }
    socket.close();
    await once(socket, 'close');
  });

  test('serves a request that asks for another upgrade as a plain one', async () => {
    const asked = request(`${agent.origin}/invoices/INV-1001`, {
      headers: { connection: 'upgrade', upgrade: 'h2c' },
      ...(agent.socketPath === undefined ? {} : { socketPath: agent.socketPath }),
    }).end();
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    expect(answer.statusCode).toBe(200);
    expect(JSON.parse(await text(answer))).toMatchObject({ id: 'INV-1001' });
  });

  describe.each([
    { era: '2025-11-25', mode: 'legacy' as const },
    { era: '2026-07-28', mode: 'auto' as const },
  ])('as an MCP server of $era', ({ era, mode }) => {
    let client: Client;
    beforeAll(async () => {
      client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } });
      const transport = new StreamableHTTPClientTransport(new URL(`${agent.origin}/mcp`), {
        fetch: viaDispatcher,
      });
      await client.connect(transport);
    });
    afterAll(() => client.close());

    test('speaks that version and lists its tools', async () => {
      expect(client.getNegotiatedProtocolVersion()).toBe(era);
      const { tools } = await client.listTools();
      expect(tools.map(({ name }) => name)).toEqual([
        'list_invoices',
        'get_invoice',
        'create_invoice',
      ]);
    });

    test('reads and creates invoices', async () => {
      const list = await client.callTool({
        name: 'list_invoices',
        arguments: { status: 'overdue' },
      });
      expect(list.structuredContent).toMatchObject({ invoices: [{ id: 'INV-1003' }] });
      const created = await client.callTool({
        name: 'create_invoice',
        arguments: { customer: 'Litware', cents: 100, due: '2027-01-01' },
      });
      const id = (created.structuredContent as { id: string }).id;
      const read = await client.callTool({ name: 'get_invoice', arguments: { id } });
      expect(read.structuredContent).toMatchObject({ id, customer: 'Litware', currency: 'EUR' });
    });

    test.each([
      ['an unknown invoice', { id: 'INV-9999' }],
      ['arguments of the wrong shape', { id: 7 }],
    ])('answers %s with a tool error', async (_what, args) => {
      const result = await client.callTool({ name: 'get_invoice', arguments: args });
      expect(result).toMatchObject({ isError: true });
    });
  });

  test('answers MCP in the form the protocol asks for, whatever is sent', async () => {
    const mcp = (body: string, headers: Record<string, string> = {}) =>
      ask('/mcp', {
        method: 'POST',
        body,
        headers: {
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          ...headers,
        },
      });
    const ping = '{"jsonrpc":"2.0","id":1,"method":"ping"}';
    const answer = await mcp(ping);
    expect(answer.headers.get('content-type')).toBe('text/event-stream');
    expect(await answer.text()).toContain('data: {"result":{},"jsonrpc":"2.0","id":1}');
    expect((await mcp('{"jsonrpc":')).status).toBe(400);
    expect((await mcp(' '.repeat(5 * MIB))).status).toBe(413);
    expect((await mcp(ping, { origin: 'https://evil.test' })).status).toBe(403);
    expect((await ask('/mcp')).status).toBe(405);
    expect((await ask('/mcp', { method: 'DELETE' })).status).toBe(405);
  });
});

describe('starting and stopping', () => {
  test('close ends open streams and WebSockets, and takes the socket file away', async () => {
    const path = join(directory, 'stopping.sock');
    const agent = await startInvoicesAgent({ listen: `unix:${path}` });
    const dispatcher = new Agent({ connect: { socketPath: path } });
    const stream = await fetch(`${agent.origin}/events?every=60000`, { dispatcher });
    const socket = new WebSocket(`ws+unix:${path}:/socket`);
    await once(socket, 'open');
    const [, , body] = await Promise.all([agent.close(), once(socket, 'close'), stream.text()]);
    expect(body).toBe('');
    expect(existsSync(path)).toBe(false);
    await dispatcher.close();
  });

  test('takes over the socket of a killed agent, but never a file or a live socket', async () => {
    const path = join(directory, 'killed.sock');
    const child = run(`unix:${path}`);
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'exit');
    const agent = await startInvoicesAgent({ listen: `unix:${path}` });
    await expect(startInvoicesAgent({ listen: `unix:${path}` })).rejects.toThrow('EADDRINUSE');
    await agent.close();
    await writeFile(path, 'precious');
    await expect(startInvoicesAgent({ listen: `unix:${path}` })).rejects.toThrow('EADDRINUSE');
    expect(existsSync(path)).toBe(true);
  });

  test.each(['SIGTERM', 'SIGINT'] as const)(
    'as a program, says where it listens and exits cleanly on %s',
    async (signal) => {
      const child = run('127.0.0.1:0');
      const [line] = (await once(child.stdout, 'data')) as [Buffer];
      expect(line.toString()).toMatch(/^invoices-agent listens on http:\/\/127\.0\.0\.1:\d+\n$/);
      child.kill(signal);
      expect(await once(child, 'exit')).toEqual([0, null]);
    },
  );

  test('as a program, says why it cannot start', async () => {
    const child = run('nowhere');
    const [said, exit] = await Promise.all([text(child.stderr), once(child, 'exit')]);
    expect(exit).toEqual([1, null]);
    expect(said).toMatch(/^invoices-agent: --listen takes .* not 'nowhere'\n$/);
  });
});

function run(listen: string) {
  return spawn(process.execPath, [MAIN, '--listen', listen], { stdio: ['ignore', 'pipe', 'pipe'] });
}
