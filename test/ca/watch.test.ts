import { rmSync } from 'node:fs';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { mint, watchRenewal, type RenewalReport } from '../../src/ca/index.ts';
import type { OperatorFault } from '../../src/lib/index.ts';
import { DAY, MINUTE, newCa } from './sandbox.ts';

beforeEach(() => vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
afterEach(() => vi.useRealTimers());

function watched() {
  const made = newCa();
  mint(made.ca, { name: 'billing' });
  const reports: RenewalReport[] = [];
  const faults: OperatorFault[] = [];
  const watch = watchRenewal({
    folder: made.folder,
    now: made.now,
    intervalMs: MINUTE,
    onRenewed: (report) => reports.push(report),
    onError: (fault) => faults.push(fault),
  });
  return { ...made, watch, reports, faults };
}

test('it renews what is due, once, and says nothing while nothing is', () => {
  const { clock, reports, faults, watch } = watched();
  vi.advanceTimersByTime(10 * MINUTE);
  expect(reports).toEqual([]);
  clock.at += DAY;
  vi.advanceTimersByTime(10 * MINUTE);
  expect(reports).toMatchObject([{ renewed: [{ name: 'billing' }] }]);
  expect(faults).toEqual([]);
  watch.stop();
});

test('it begins at once', () => {
  const { folder, clock, now } = watched();
  clock.at += DAY;
  const onRenewed = vi.fn();
  watchRenewal({ folder, now, intervalMs: DAY, onRenewed, onError: vi.fn() }).stop();
  expect(onRenewed).toHaveBeenCalledOnce();
});

test('a fault is told at every tick and ends nothing', () => {
  const { file, faults, watch } = watched();
  rmSync(file('ca.key'));
  vi.advanceTimersByTime(3 * MINUTE);
  expect(faults.map(({ name }) => name)).toEqual(Array.from({ length: 3 }, () => 'OperatorFault'));
  watch.stop();
});

test('it stops', () => {
  const { clock, reports, watch } = watched();
  watch.stop();
  clock.at += DAY;
  vi.advanceTimersByTime(10 * MINUTE);
  expect(reports).toEqual([]);
  expect(vi.getTimerCount()).toBe(0);
});

test('it keeps the process running only if told to', () => {
  vi.useRealTimers();
  const { folder, now } = newCa();
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const options = { folder, now, intervalMs: DAY, onRenewed: vi.fn(), onError: vi.fn() };
  const before = timers();
  const idle = watchRenewal(options);
  expect(timers()).toBe(before);
  const busy = watchRenewal({ ...options, keepAlive: true });
  expect(timers()).toBe(before + 1);
  for (const watch of [idle, busy]) watch.stop();
});
