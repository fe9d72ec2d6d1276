import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Agent, fetch as undiciFetch } from 'undici';
import { expect, it, onTestFinished } from 'vitest';
import { world, type World } from '../support/harness.ts';

async function connect(w: World, options?: ConstructorParameters<typeof Client>[1]) {
  const { chainPem: cert, keyPem: key } = w.as('billing');
  const dispatcher = new Agent({ connect: { ca: w.ca.certPem, cert, key } });
  onTestFinished(() => dispatcher.close());
  const client = new Client({ name: 'test', version: '1' }, options);
  const fetch = ((url: string, init: object) =>
    undiciFetch(url, { ...init, dispatcher })) as unknown as typeof globalThis.fetch;
  await client.connect(
    new StreamableHTTPClientTransport(new URL(`${w.origin}/mcp`), {
      fetch,
    }),
  );
  return client;
}

it.each([
  ['as it is by default', undefined],
  ['with the stateless protocol', { versionNegotiation: { mode: 'auto' } } as const],
])('the official MCP client lists and calls tools through the sidecar, %s', async (_, options) => {
  const w = await world();
  const client = await connect(w, options);
  const { tools } = await client.listTools();
  expect(tools.map(({ name }) => name)).toContain('get_invoice');
  const result = await client.callTool({ name: 'get_invoice', arguments: { id: 'INV-1001' } });
  expect(JSON.stringify(result)).toContain('INV-1001');
  await client.close();
  const lines = await w.ended(3);
  const ids = lines.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(lines.every(({ agent, path }) => agent === 'billing' && path === '/mcp')).toBe(true);
});
