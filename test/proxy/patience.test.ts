import { describe, expect, it } from 'vitest';
import { Patience } from '../../src/proxy/patience.ts';

const SECOND = 1000;

/** Looks once a second at what has come so far; gives how many looks it took to run out, if it did. */
function secondsOf(patience: Patience, bytes: (second: number) => number | undefined, most = 3600) {
  for (let second = 0; second <= most; second++)
    if (patience.hasRunOut(bytes(second), SECOND)) return second;
  return undefined;
}

const patience = () => new Patience({ within: 30 * SECOND, rate: 100 });

describe('who owes bytes', () => {
  it('is waited for as long as it may send nothing', () => {
    expect(secondsOf(patience(), () => 0)).toBe(30);
  });

  it('does not hold its place by a byte now and then', () => {
    expect(secondsOf(patience(), (second) => Math.floor(second / 5))).toBe(31);
  });

  it('is given up sooner or later below the rate', () => {
    expect(secondsOf(patience(), (second) => second * 90)).toBe(300);
  });

  it('is waited for as long as it likes at the rate', () => {
    expect(secondsOf(patience(), (second) => second * 100)).toBeUndefined();
  });

  it('may be silent for nearly the whole time, again and again, if enough came in between', () => {
    const bursts = (second: number): number => Math.floor(second / 29) * 3000;
    expect(secondsOf(patience(), bursts)).toBeUndefined();
  });

  it('saves nothing up by having sent much', () => {
    expect(secondsOf(patience(), (second) => (second < 10 ? second * 1e6 : 1e7))).toBe(40);
  });
});

describe('who owes nothing', () => {
  it('is not counted against, and has all of the time again', () => {
    const owing = patience();
    expect(secondsOf(owing, () => 0, 29)).toBeUndefined();
    expect(secondsOf(owing, () => undefined)).toBeUndefined();
    expect(secondsOf(owing, () => 0)).toBe(30);
  });
});
