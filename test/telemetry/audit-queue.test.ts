import { describe, expect, it, vi } from 'vitest';
import type { AppendFile } from '../../src/telemetry/audit-settings.ts';
import { AuditQueue } from '../../src/telemetry/audit.ts';
import { BEGINNING, Chain } from '../../src/telemetry/chain.ts';

/** A disk that can be held up, filled and emptied. */
function disk() {
  const state = {
    text: '',
    full: false,
    fullAfter: Infinity,
    most: Infinity,
    writes: 0,
    closed: false,
  };
  let held: Promise<void> = Promise.resolve();
  let release = (): void => undefined;
  const file: AppendFile = {
    async write(bytes) {
      await held;
      if (state.full || state.writes >= state.fullAfter)
        throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
      state.writes += 1;
      const taken = bytes.subarray(0, state.most);
      state.text += Buffer.from(taken).toString();
      return taken.length;
    },
    close() {
      state.closed = true;
      return Promise.resolve();
    },
  };
  const hold = () => {
    held = new Promise((resolve) => (release = resolve));
  };
  return { state, file, hold, release: () => release() };
}

function queueOn(file: AppendFile, lanes = {}) {
  const notes = { dropped: vi.fn(), broke: vi.fn(), mended: vi.fn() };
  const queue = new AuditQueue(file, {
    notes,
    bounds: { queued: 10 * TEN.length, lanes: { ...LANES, ...lanes }, retry: 10, closing: 50 },
    chain: new Chain(BEGINNING),
    head: () => undefined,
    turned: () => undefined,
    now: () => 0,
  });
  return { notes, queue };
}

const line = (id: string): string => JSON.stringify({ id });
const TEN = line('ab');

const LANES = {
  done: { room: 20 * TEN.length, perCaller: 20 * TEN.length },
  refused: { room: 10 * TEN.length, perCaller: 5 * TEN.length },
};
/** The IDs of whole lines, in order. */
function idsIn(text: string): unknown[] {
  expect(text === '' || text.endsWith('\n')).toBe(true);
  return text
    .split('\n')
    .slice(0, -1)
    .map((each) => (JSON.parse(each) as { id?: string; event?: string }).id ?? 'about itself');
}

describe('the queue before the audit file', () => {
  it('writes the lines of one turn together', async () => {
    const { state, file } = disk();
    const { queue } = queueOn(file);
    queue.add(line('one'), 'done');
    queue.add(line('two'), 'refused');
    expect(state.text).toBe('');
    await queue.flush();
    expect(state.writes).toBe(1);
    expect(idsIn(state.text)).toEqual(['one', 'two']);
  });

  it('finishes a line that the disk took only a part of', async () => {
    const { state, file } = disk();
    const { queue } = queueOn(file);
    state.most = 3;
    queue.add(line('a long line'), 'done');
    queue.add(line('another'), 'done');
    await queue.close();
    expect(idsIn(state.text)).toEqual(['a long line', 'another']);
  });

  it('keeps refusals and carried-out calls in rooms of their own: neither pushes out the other', () => {
    const { file, hold } = disk();
    hold();
    const { queue, notes } = queueOn(file);
    for (let i = 0; i < 1000; i++) queue.add(TEN, 'refused', `caller ${i % 10}`);
    expect(notes.dropped).toHaveBeenCalledTimes(990);
    expect(queue.full).toBe(false);
    for (let i = 0; i < 20; i++) queue.add(TEN, 'done');
    expect(notes.dropped).toHaveBeenCalledTimes(990);
    expect(queue.full).toBe(true);
    queue.add(TEN, 'done');
    expect(notes.dropped).toHaveBeenCalledTimes(991);
  });

  it("drops a flood of one caller's refusals, and keeps those of the others", async () => {
    const { state, file, hold, release } = disk();
    hold();
    const { queue, notes } = queueOn(file);
    for (let i = 0; i < 500; i++) queue.add(TEN, 'refused', 'flood');
    expect(notes.dropped).toHaveBeenCalledTimes(495);
    for (let i = 0; i < 5; i++) queue.add(line('xy'), 'refused', 'another');
    expect(notes.dropped).toHaveBeenCalledTimes(495);
    release();
    await queue.flush();
    expect(idsIn(state.text).filter((id) => id === 'xy')).toHaveLength(5);
  });

  it('gives room back when its lines are written, and says in the file how many it lost', async () => {
    const { state, file } = disk();
    const { queue, notes } = queueOn(file);
    for (let i = 0; i < 7; i++) queue.add(TEN, 'refused', 'one');
    await queue.flush();
    for (let i = 0; i < 5; i++) queue.add(TEN, 'refused', 'one');
    await queue.close();
    expect(notes.dropped).toHaveBeenCalledTimes(2);
    expect(idsIn(state.text)).toHaveLength(11);
    expect(state.text).toContain('"event":"dropped","done":0,"refused":2');
  });

  it('goes on in another file: a line that the old one did not take whole is whole in the new one', async () => {
    const old = disk();
    const next = disk();
    const { queue } = queueOn(old.file);
    old.state.most = 70;
    old.state.fullAfter = 2;
    for (const id of ['one', 'two', 'three']) queue.add(line(id), 'done');
    await queue.flush();
    queue.goOnIn(next.file);
    queue.add(line('four'), 'done');
    await queue.close();
    const whole = old.state.text.slice(0, old.state.text.lastIndexOf('\n') + 1);
    expect(old.state.text.length).toBeGreaterThan(whole.length);
    const after = idsIn(next.state.text);
    expect(after[0]).toBe('about itself');
    expect([...idsIn(whole), ...after.slice(1)]).toEqual(['one', 'two', 'three', 'four']);
    expect(old.state.closed).toBe(true);
  });

  it('counts what is being written as waiting, so that a disk that hangs is noticed', async () => {
    const { file, hold, release } = disk();
    hold();
    const { queue } = queueOn(file);
    for (let i = 0; i < 10; i++) queue.add(TEN, 'done');
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    expect(queue.full).toBe(true);
    release();
    await queue.flush();
    expect(queue.full).toBe(false);
  });

  it('tries again while the disk fails, tells of it once, and loses and doubles nothing', async () => {
    const { state, file } = disk();
    const { queue, notes } = queueOn(file);
    state.full = true;
    queue.add(line('one'), 'done');
    await queue.flush();
    expect(queue.full).toBe(true);
    queue.add(line('two'), 'done');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(notes.broke).toHaveBeenCalledTimes(1);
    expect(notes.mended).not.toHaveBeenCalled();
    state.full = false;
    await vi.waitFor(() => expect(queue.full).toBe(false));
    await queue.close();
    expect(idsIn(state.text)).toEqual(['one', 'two']);
    expect(notes.mended).toHaveBeenCalledTimes(1);
    expect(notes.dropped).not.toHaveBeenCalled();
  });

  it('does not wait for ever at the end for a disk that hangs, and counts what was lost', async () => {
    const { file, hold } = disk();
    hold();
    const { queue, notes } = queueOn(file);
    for (let i = 0; i < 5; i++) queue.add(TEN, 'done');
    await queue.close();
    expect(notes.dropped).toHaveBeenCalledTimes(5);
  });

  it('closes also on a disk that stays full, and counts what was lost', async () => {
    const { state, file } = disk();
    const { queue, notes } = queueOn(file);
    state.full = true;
    queue.add(line('one'), 'done');
    queue.add(line('two'), 'done');
    await queue.flush();
    queue.add(line('three'), 'done');
    await queue.close();
    await queue.close();
    expect(notes.dropped).toHaveBeenCalledTimes(3);
    expect(state.closed).toBe(true);
    queue.add(line('four'), 'done');
    expect(notes.dropped).toHaveBeenCalledTimes(4);
    expect(queue.full).toBe(true);
  });
});
