import { describe, expect, it, vi } from 'vitest';
import { AuditQueue, type AppendFile } from '../../src/telemetry/audit.ts';

/** A disk that can be held up, filled and emptied. */
function disk() {
  const state = { text: '', full: false, most: Infinity, writes: 0, closed: false };
  let held: Promise<void> = Promise.resolve();
  let release = (): void => undefined;
  const file: AppendFile = {
    async write(bytes) {
      await held;
      if (state.full) throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
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

function queueOn(file: AppendFile, bounds = {}) {
  const notes = { dropped: vi.fn(), broke: vi.fn(), mended: vi.fn() };
  return { notes, queue: new AuditQueue(file, notes, { ...BOUNDS, ...bounds }) };
}

const BOUNDS = { queued: 100, most: 200, retry: 10 };
const TEN = 'x'.repeat(9);

describe('the queue before the audit file', () => {
  it('writes the lines of one turn together', async () => {
    const { state, file } = disk();
    const { queue } = queueOn(file);
    queue.add('one', 'done');
    queue.add('two', 'refused');
    expect(state.text).toBe('');
    await queue.flush();
    expect(state).toMatchObject({ text: 'one\ntwo\n', writes: 1 });
  });

  it('finishes a line that the disk took only a part of', async () => {
    const { state, file } = disk();
    const { queue } = queueOn(file);
    state.most = 3;
    queue.add('a long line', 'done');
    queue.add('another', 'done');
    await queue.close();
    expect(state.text).toBe('a long line\nanother\n');
  });

  it('is full over its bound, and keeps the rest of its room for calls that were carried out', () => {
    const { file, hold } = disk();
    hold();
    const { queue, notes } = queueOn(file);
    for (let i = 0; i < 10; i++) queue.add(TEN, 'refused');
    expect(queue.full).toBe(true);
    for (let i = 0; i < 1000; i++) queue.add(TEN, 'refused');
    expect(notes.dropped).toHaveBeenCalledTimes(1000);
    for (let i = 0; i < 10; i++) queue.add(TEN, 'done');
    expect(notes.dropped).toHaveBeenCalledTimes(1000);
    queue.add(TEN, 'done');
    expect(notes.dropped).toHaveBeenCalledTimes(1001);
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
    queue.add('one', 'done');
    await queue.flush();
    expect(queue.full).toBe(true);
    queue.add('two', 'done');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(notes.broke).toHaveBeenCalledTimes(1);
    expect(notes.mended).not.toHaveBeenCalled();
    state.full = false;
    await vi.waitFor(() => expect(queue.full).toBe(false));
    await queue.close();
    expect(state.text).toBe('one\ntwo\n');
    expect(notes.mended).toHaveBeenCalledTimes(1);
    expect(notes.dropped).not.toHaveBeenCalled();
  });

  it('closes also on a disk that stays full, and counts what was lost', async () => {
    const { state, file } = disk();
    const { queue, notes } = queueOn(file);
    state.full = true;
    queue.add('one', 'done');
    queue.add('two', 'done');
    await queue.flush();
    queue.add('three', 'done');
    await queue.close();
    await queue.close();
    expect(notes.dropped).toHaveBeenCalledTimes(3);
    expect(state.closed).toBe(true);
    queue.add('four', 'done');
    expect(notes.dropped).toHaveBeenCalledTimes(4);
    expect(queue.full).toBe(true);
  });
});
