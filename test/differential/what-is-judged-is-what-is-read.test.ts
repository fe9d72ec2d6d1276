import { describe, expect, it } from 'vitest';
import { until, world } from '../support/harness.ts';
import { apacheIsHere, startApache } from './apache.ts';
import { differences } from './differences.ts';
import { generated } from './generated.ts';
import { nginxIsHere, startNginx } from './nginx.ts';
import { POLICY, TABLE, bytesOf } from './requests.ts';
import { sendAll } from './send.ts';
import type { ReadingServer } from './server.ts';

const GENERATED = 600;

async function judged(server: ReadingServer) {
  const w = await world({
    upstream: server.upstream,
    policy: POLICY,
    flags: { 'limits.head-timeout': '500ms' },
  });
  await sendAll(w, [...TABLE, ...generated(GENERATED)].map(bytesOf));
  await until(async () => (/^sidegate_live_calls 0$/m.test(await w.metrics()) ? true : undefined));
  const lines = (await w.audit()).filter(({ event }) => event === 'call');
  const forwarded = lines.filter((line) => 'overheadMs' in line);
  const whole = forwarded.filter(({ code }) => code === 'OK');
  await until(() => (server.reads().length >= whole.length ? true : undefined));
  return { reads: server.reads(), lines, forwarded, whole, log: w.log() };
}

describe.each([
  ['nginx', nginxIsHere, startNginx],
  ['Apache', apacheIsHere, startApache],
])('behind the sidecar, %s', (name, isHere, start) => {
  it.skipIf(!isHere)(`reads what was judged, and nothing else (needs ${name})`, async () => {
    const server = await start();
    const { reads, lines, forwarded, whole, log } = await judged(server);
    const byId = new Map(forwarded.map((line) => [line.id, line]));
    const wrong = reads.flatMap((read) => differences(read, byId.get(read.id), server.authority));
    expect(wrong).toEqual([]);
    // Of a call that broke off in its body, the server may have read a part, or nothing.
    const read = new Set(reads.map(({ id }) => id));
    expect(read.size).toBe(reads.length);
    expect(whole.filter(({ id }) => !read.has(String(id)))).toEqual([]);
    expect(forwarded.length - whole.length).toBeLessThan(5);
    // The table is worth something only while a good part is let through, and a good part is not.
    expect(forwarded.length).toBeGreaterThan(150);
    expect(lines.length - forwarded.length).toBeGreaterThan(100);
    expect(log).not.toContain('failed inside Sidegate');
  });
});
