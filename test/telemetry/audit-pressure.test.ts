import { execFileSync } from 'node:child_process';
import { closeSync, constants, existsSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { BOUNDS } from '../../src/telemetry/audit-bounds.ts';
import { AuditQueue } from '../../src/telemetry/audit.ts';
import { BEGINNING, Chain } from '../../src/telemetry/chain.ts';
import { createTelemetry, type AuditSettings } from '../../src/telemetry/index.ts';
import { aFolder } from '../support/audits.ts';
import { aCall, aDenial, ended } from '../support/calls.ts';
import { keptOutput } from '../support/output.ts';

const KIB = JSON.stringify({ x: 'y'.repeat(1024 - 8) });

/** A queue with the real bounds, before a disk that never answers. */
function stuck(onFull: AuditSettings['onFull']) {
  const dropped = vi.fn();
  const file = {
    write: () => new Promise<number>(() => undefined),
    close: () => Promise.resolve(),
  };
  const queue = new AuditQueue(file, {
    notes: { dropped, broke: () => undefined, mended: () => undefined },
    bounds: BOUNDS[onFull],
    chain: new Chain(BEGINNING),
    head: () => undefined,
    turned: () => undefined,
    now: () => 0,
  });
  /** How many of `count` lines of a KiB were kept. */
  const kept = (count: number, ...more: ['done' | 'refused', string?]): number => {
    const before = dropped.mock.calls.length;
    for (let i = 0; i < count; i++) queue.add(KIB, ...more);
    return count - (dropped.mock.calls.length - before);
  };
  return { queue, kept };
}

describe('before a disk that hangs', () => {
  it('drop: lines of allowed calls go first, denials last; one caller has a quarter of their room', () => {
    const { kept } = stuck('drop');
    expect(kept(50_000, 'done')).toBe(4096);
    expect(kept(50_000, 'refused', 'flood')).toBe(4096);
    expect(kept(50_000, 'refused', '')).toBe(4096);
    expect(kept(4000, 'refused', 'quiet one')).toBe(4000);
    expect(kept(4000, 'refused', 'quiet two')).toBe(4000);
  });

  it('refuse: no flood of refusals takes the room of calls that were carried out, nor closes the gate', () => {
    const { queue, kept } = stuck('refuse');
    for (let caller = 0; caller < 20; caller++) kept(5000, 'refused', `caller ${caller}`);
    expect(queue.full).toBe(false);
    expect(kept(4096, 'done')).toBe(4096);
    expect(queue.full).toBe(true);
    expect(kept(50_000, 'done')).toBe(12 * 1024);
  });
});

describe.skipIf(!existsSync('/usr/bin/mkfifo'))('a pipe whose reader has stopped', () => {
  it('holds nobody up; lines over the bounds are counted, and all others come when it reads on', async () => {
    const path = join(aFolder(), 'audit.pipe');
    execFileSync('/usr/bin/mkfifo', [path]);
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const telemetry = createTelemetry({
      output: keptOutput(),
      audit: { file: path, onFull: 'drop' },
    });
    const denial = aDenial('SCOPE_MISSING', { missing: 'a'.repeat(400) });
    const event = ended(aCall({ denial, method: 'POST' }), { status: 403 });
    const told = 10_000;
    for (let i = 0; i < told; i++) telemetry.emit(event);
    const lost = await droppedBy(telemetry);
    expect(lost).toBeGreaterThan(1000);
    expect(telemetry.mayRecord()).toBe(true);
    const text = await readUntilClosed(reader, telemetry.flush());
    await telemetry.close();
    closeSync(reader);
    expect(text.match(/"event":"call"/g)).toHaveLength(told - lost);
    expect(text).toContain(`"event":"dropped","done":0,"refused":${lost}`);
  });
});

async function droppedBy({ metrics }: { metrics: () => Promise<string> }): Promise<number> {
  return Number(/^sidegate_audit_dropped_total (\d+)$/m.exec(await metrics())?.[1]);
}

async function readUntilClosed(file: number, over: Promise<unknown>): Promise<string> {
  const chunk = Buffer.alloc(65_536);
  const chunks: Buffer[] = [];
  const state = { over: false };
  void over.then(() => (state.over = true));
  for (;;) {
    const wasOver = state.over;
    const read = readSome(file, chunk);
    if (read > 0) chunks.push(Buffer.from(chunk.subarray(0, read)));
    else if (wasOver) return Buffer.concat(chunks).toString();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function readSome(file: number, chunk: Buffer): number {
  try {
    return readSync(file, chunk);
  } catch {
    return 0;
  }
}
