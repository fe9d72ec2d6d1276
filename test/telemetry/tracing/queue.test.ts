import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { SpanQueue, type Delivery } from '../../../src/telemetry/tracing/queue.ts';

const BOUNDS = {
  waiting: 10,
  batch: 4,
  gather: 1000,
  retry: 5000,
  send: 10_000,
  close: 2000,
};
const TAKEN: Delivery = { kind: 'taken', refused: 0 };
const AWAY: Delivery = { kind: 'later', why: 'away' };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function setUp() {
  const notes: string[] = [];
  const batches: number[][] = [];
  const state = {
    answer: (): Promise<Delivery> => Promise.resolve(TAKEN),
    signals: [] as AbortSignal[],
  };
  let dropped = 0;
  const queue = new SpanQueue<number>(
    (batch, signal) => {
      batches.push([...batch]);
      state.signals.push(signal);
      return state.answer();
    },
    {
      dropped: (count) => void (dropped += count),
      broke: (why) => void notes.push(`broke: ${why}`),
      mended: () => void notes.push('mended'),
      left: (count) => void notes.push(`left: ${count}`),
    },
    BOUNDS,
  );
  const add = (from: number, to: number) => {
    for (let i = from; i <= to; i++) queue.add(i);
  };
  return { queue, notes, batches, state, add, dropped: () => dropped };
}

it('spans gather for a moment and go together, each once, in order', async () => {
  const { add, batches } = setUp();
  add(1, 3);
  await vi.advanceTimersByTimeAsync(999);
  expect(batches).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(batches).toEqual([[1, 2, 3]]);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(batches).toHaveLength(1);
});

it('a full batch goes at once', async () => {
  const { add, batches } = setUp();
  add(1, 9);
  await vi.advanceTimersByTimeAsync(0);
  expect(batches).toEqual([
    [1, 2, 3, 4],
    [5, 6, 7, 8],
  ]);
});

it('a collector that is away: spans wait in their bound, one line is logged, all that waited goes later', async () => {
  const { add, batches, state, notes, dropped } = setUp();
  state.answer = () => Promise.resolve(AWAY);
  add(1, 4);
  await vi.advanceTimersByTimeAsync(20_000);
  expect(batches.length).toBe(5);
  add(5, 30);
  expect(dropped()).toBe(20);
  expect(notes).toEqual(['broke: away']);
  state.answer = () => Promise.resolve(TAKEN);
  batches.length = 0;
  await vi.advanceTimersByTimeAsync(10_000);
  expect(batches.flat()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  expect(notes).toEqual(['broke: away', 'mended']);
});

it('a batch that can never be taken is dropped and counted, and the next one is tried', async () => {
  const { add, batches, state, notes, dropped } = setUp();
  state.answer = () => Promise.resolve({ kind: 'never', why: 'it answered 400' });
  add(1, 5);
  await vi.advanceTimersByTimeAsync(0);
  expect(dropped()).toBe(4);
  state.answer = () => Promise.resolve(TAKEN);
  await vi.advanceTimersByTimeAsync(5000);
  expect(batches).toEqual([[1, 2, 3, 4], [5]]);
  expect(notes).toEqual(['broke: it answered 400', 'mended']);
});

it('a delivery that throws costs its batch and nothing else', async () => {
  const { add, state, dropped, notes } = setUp();
  state.answer = () => Promise.reject(new TypeError('no'));
  add(1, 4);
  await vi.advanceTimersByTimeAsync(0);
  expect(dropped()).toBe(4);
  expect(notes).toEqual(['broke: no']);
});

it('what the collector says it refused is counted, never more than it was sent', async () => {
  const { add, state, dropped, notes } = setUp();
  state.answer = () => Promise.resolve({ kind: 'taken', refused: 1e9 });
  add(1, 4);
  await vi.advanceTimersByTimeAsync(0);
  expect(dropped()).toBe(4);
  expect(notes).toEqual([]);
});

it('closing delivers what waits, and takes no more', async () => {
  const { queue, add, batches, dropped, notes } = setUp();
  add(1, 3);
  await queue.close();
  expect(batches).toEqual([[1, 2, 3]]);
  add(4, 4);
  await queue.close();
  expect(dropped()).toBe(1);
  expect(notes).toEqual([]);
});

it('closing waits for a silent collector only so long; what is left is counted and told', async () => {
  const { queue, add, state, dropped, notes } = setUp();
  state.answer = () => new Promise(() => undefined);
  add(1, 6);
  let closed = false;
  const closing = queue.close().then(() => void (closed = true));
  await vi.advanceTimersByTimeAsync(1999);
  expect(closed).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  await closing;
  expect(state.signals.at(-1)?.aborted).toBe(true);
  expect(dropped()).toBe(6);
  expect(notes).toEqual(['left: 6']);
  expect(vi.getTimerCount()).toBe(0);
});

it('closing asks a collector that is away once, and does not wait', async () => {
  const { queue, add, batches, state, dropped } = setUp();
  state.answer = () => Promise.resolve(AWAY);
  add(1, 3);
  await queue.close();
  expect(batches).toHaveLength(1);
  expect(dropped()).toBe(3);
});
