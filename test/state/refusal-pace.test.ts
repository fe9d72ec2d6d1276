import { describe, expect, test } from 'vitest';
import { RefusalPace } from '../../src/state/index.ts';

/** Waits for so many refusals of one caller in a row. */
function waits(pace: RefusalPace, caller: string, count: number): number[] {
  return Array.from({ length: count }, () => pace.wait(caller));
}

describe('refusals', () => {
  test("wait for nothing up to a second's worth, then for as long as those before them", () => {
    const clock = { at: 5000 };
    const pace = new RefusalPace(10, () => clock.at);
    expect(waits(pace, 'billing', 12)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 100, 200]);
    clock.at += 200;
    expect(waits(pace, 'billing', 1)).toEqual([100]);
    clock.at += 3_600_000;
    expect(waits(pace, 'billing', 11)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 100]);
  });

  test('wait less than a second, however many there are', () => {
    const pace = new RefusalPace(10, () => 5000);
    expect(waits(pace, 'billing', 5000).at(-1)).toBe(800);
  });

  test('of one caller are no matter of another', () => {
    const pace = new RefusalPace(1, () => 5000);
    expect(waits(pace, 'billing', 3)).toEqual([0, 800, 800]);
    expect(waits(pace, 'planner', 1)).toEqual([0]);
  });

  test('of those who were refused last are remembered, and not of more than 10,000', () => {
    const pace = new RefusalPace(1, () => 5000);
    waits(pace, 'first', 1);
    waits(pace, 'second', 1);
    waits(pace, 'first', 1);
    for (let n = 0; n < 9999; n++) pace.wait(`other ${n}`);
    expect(pace.wait('first')).toBe(800);
    expect(pace.wait('second')).toBe(0);
  });
});
