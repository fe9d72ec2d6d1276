import { describe, expect, it } from 'vitest';
import { Places } from '../../src/state/index.ts';

/** Takes as many places as this holder can get, and gives their number. */
function grab(places: Places, holder: string): number {
  let taken = 0;
  while (places.take(holder) === undefined) taken += 1;
  return taken;
}

describe('a holder', () => {
  it('gets no more than its own bound, and says how many it has', () => {
    const places = new Places({ total: 100, each: 3 });
    expect(grab(places, 'billing')).toBe(3);
    expect(places.take('billing')).toBe('3 of this agent, 3 in all');
    expect(places.take('planner')).toBeUndefined();
  });

  it('gets a place again when one was given back, and is forgotten when it has none', () => {
    const places = new Places({ total: 100, each: 1 });
    places.take('billing');
    places.giveBack('billing');
    expect(places).toMatchObject({ taken: 0, holders: 0 });
    expect(places.take('billing')).toBeUndefined();
  });

  it('cannot give back what it has not', () => {
    const places = new Places({ total: 100, each: 1 });
    expect(() => places.giveBack('billing')).toThrow(TypeError);
  });
});

describe('the last tenth', () => {
  it('is not for one that holds much, whatever its own bound', () => {
    const places = new Places({ total: 100, each: 1000 });
    expect(grab(places, 'billing')).toBe(90);
    expect(grab(places, 'planner')).toBe(1);
  });

  it('is there for a newcomer, though many others take what they can', () => {
    const places = new Places({ total: 10_000, each: 1000 });
    const greedy = Array.from({ length: 80 }, (_, i) => `greedy-${i}`);
    for (const holder of greedy) grab(places, holder);
    expect(greedy.map((holder) => grab(places, holder)).every((n) => n === 0)).toBe(true);
    expect(places.taken).toBeLessThan(10_000);
    expect(places.take('newcomer')).toBeUndefined();
  });

  it('goes, down to the very last place, to those who hold none', () => {
    const places = new Places({ total: 20, each: 20 });
    expect(grab(places, 'billing')).toBe(18);
    expect(grab(places, 'planner')).toBe(1);
    expect(grab(places, 'stranger')).toBe(1);
    expect(places.take('newcomer')).toBe('0 of this agent, 20 in all');
  });

  it('is nothing where there are fewer than ten', () => {
    const places = new Places({ total: 9, each: 9 });
    expect(grab(places, 'billing')).toBe(9);
  });
});
