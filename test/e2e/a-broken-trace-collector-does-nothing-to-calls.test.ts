import type { ServerResponse } from 'node:http';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { collector } from '../support/collector.ts';
import { until, world, type World } from '../support/harness.ts';
import { partialSuccess } from '../support/otlp.ts';

const flagsFor = (endpoint: string) => ({ 'tracing.endpoint': endpoint, 'tracing.sample': '1' });

async function fiveCalls(w: World): Promise<void> {
  for (let i = 0; i < 5; i++)
    expect((await w.call({ as: 'billing', path: '/whoami' })).status).toBe(200);
}

const dropped = async (w: World) =>
  Number(/^sidegate_spans_dropped_total (\d+)$/m.exec(await w.metrics())?.[1]);

it('one that is not there: calls go on, one line says so, and the end is not held up', async () => {
  const w = await world({ flags: flagsFor(`http://127.0.0.1:${await nobody()}/v1/traces`) });
  await fiveCalls(w);
  await until(() => (w.log().includes('takes no spans') ? true : undefined));
  await fiveCalls(w);
  expect(await dropped(w)).toBe(0);
  await w.sidecar.drain();
  expect(w.log().match(/takes no spans \(ECONNREFUSED\)/g)).toHaveLength(1);
  expect(w.log()).toContain('did not get the last 10 spans');
});

const WRONG: readonly { why: string; answer: (r: ServerResponse) => void; lost: number }[] = [
  { why: '400', answer: (r) => r.writeHead(400).end('bad'), lost: 5 },
  { why: 'a redirect', answer: (r) => r.writeHead(307, { location: '/else' }).end(), lost: 5 },
  { why: 'garbage', answer: (r) => r.writeHead(200).end(Buffer.alloc(5000, 0xff)), lost: 0 },
  { why: 'an answer without end', answer: flood, lost: 0 },
  { why: 'that it refused three', answer: (r) => r.end(partialSuccess(3)), lost: 3 },
];

it.each(WRONG)('one that answers $why: calls go on, $lost are lost and counted', async (row) => {
  const seen = await collector();
  seen.misbehave(row.answer);
  const w = await world({ flags: flagsFor(seen.endpoint) });
  await fiveCalls(w);
  await until(
    async () => (seen.requests.length > 0 && (await dropped(w)) >= row.lost) || undefined,
  );
  await fiveCalls(w);
  expect(await dropped(w)).toBe(row.lost);
  expect(seen.requests).toHaveLength(1);
});

it.each<[string, (response: ServerResponse) => void]>([
  ['says nothing', () => undefined],
  ['breaks off', (response) => void response.destroy()],
  ['is overloaded', (response) => void response.writeHead(503, { 'retry-after': '1' }).end()],
])('one that %s: calls go on, nothing is lost that it takes in the end', async (_, answer) => {
  const seen = await collector();
  seen.misbehave(answer);
  const w = await world({ flags: flagsFor(seen.endpoint) });
  await fiveCalls(w);
  await until(() => (seen.requests.length > 0 ? true : undefined));
  await fiveCalls(w);
  expect(await dropped(w)).toBe(0);
});

it('one that comes back gets what waited, and the log says so', async () => {
  const seen = await collector();
  seen.misbehave((response) => response.writeHead(503).end());
  const w = await world({ flags: flagsFor(seen.endpoint) });
  await fiveCalls(w);
  await until(() => (w.log().includes('it answered 503') ? true : undefined));
  seen.misbehave(undefined);
  await w.sidecar.drain();
  expect(seen.spans).toHaveLength(5);
  expect(w.log()).toContain('takes spans again');
});

it('its key is in a file, goes to it and to nobody else', async () => {
  const seen = await collector();
  const folder = mkdtempSync(join(tmpdir(), 'sidegate-collector-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'collector.headers');
  writeFileSync(file, '# of the team\nauthorization: Bearer COLLECTOR-KEY\nx-scope: gates\n');
  const w = await world({ flags: { ...flagsFor(seen.endpoint), 'tracing.headers': file } });
  const answer = await w.call({ as: 'billing', path: '/whoami' });
  await seen.seen(1);
  expect(seen.requests[0]!.headers).toMatchObject({
    authorization: 'Bearer COLLECTOR-KEY',
    'x-scope': 'gates',
  });
  expect(answer.text + w.log() + seen.raw()).not.toContain('COLLECTOR-KEY');
});

/** Goes on until the other side has had enough. */
function flood(response: ServerResponse): void {
  const timer = setInterval(() => response.write(Buffer.alloc(32 * 1024)), 1);
  response.on('close', () => clearInterval(timer));
}

/** A port at which nobody listens any more. */
function nobody(): Promise<number> {
  const server = createServer();
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
