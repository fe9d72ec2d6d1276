import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  NO_TOKENS,
  type FailureCode,
  type RouteEntry,
  type RouteLimits,
} from '../../src/call/index.ts';
import { createLimits, type Admission } from '../../src/state/index.ts';

function route(limits: Partial<RouteLimits>, name = 'GET /a'): RouteEntry {
  return {
    name,
    scopes: [],
    limits: { rate: undefined, concurrency: undefined, body: undefined, ...limits },
    upgrade: 'none',
    authorization: 'strip',
    tokenRule: NO_TOKENS,
    mode: 'enforce',
    at: { file: 'policy.yaml', line: 1, column: 1, text: '' },
  };
}

const rate = (perSecond: number, burst: number) => ({ rate: { perSecond, burst } });

/** A clock in the hands of the test. */
function clockAt(start: number) {
  const clock = { at: start, now: () => clock.at };
  return clock;
}

const isRoom = (answer: Admission | FailureCode): answer is Admission => typeof answer === 'object';

describe('a rate', () => {
  test('lets a burst through at once, then as many as time brings', () => {
    const clock = clockAt(1000);
    const limits = createLimits(clock.now);
    const limited = route(rate(10, 3));
    const admit = () => isRoom(limits.admit('billing', limited));
    expect([admit(), admit(), admit(), admit()]).toEqual([true, true, true, false]);
    clock.at += 99;
    expect(admit()).toBe(false);
    clock.at += 1;
    expect([admit(), admit()]).toEqual([true, false]);
    clock.at += 3_600_000;
    expect([admit(), admit(), admit(), admit()]).toEqual([true, true, true, false]);
  });

  test('is of one agent on one route', () => {
    const limits = createLimits(() => 0);
    const [a, b] = [route(rate(1, 1), 'GET /a'), route(rate(1, 1), 'GET /b')];
    expect(isRoom(limits.admit('billing', a))).toBe(true);
    expect(isRoom(limits.admit('planner', a))).toBe(true);
    expect(isRoom(limits.admit('billing', b))).toBe(true);
    expect(limits.admit('billing', a)).toBe('RATE_LIMITED');
    expect(limits.size).toBe(3);
  });

  test('never lets more than burst + rate × time through, in any window', () => {
    const steps = fc.array(
      fc.tuple(fc.integer({ min: 0, max: 400 }), fc.integer({ min: 1, max: 9 })),
      {
        maxLength: 60,
      },
    );
    const perSecond = fc.integer({ min: 1, max: 50 });
    const burst = fc.integer({ min: 1, max: 20 });
    fc.assert(
      fc.property(steps, perSecond, burst, (waits, speed, most) => {
        const clock = clockAt(5);
        const limits = createLimits(clock.now);
        const limited = route(rate(speed, most));
        const admitted: number[] = [];
        for (const [wait, calls] of waits) {
          clock.at += wait;
          for (let i = 0; i < calls; i++)
            if (isRoom(limits.admit('a', limited))) admitted.push(clock.at);
        }
        admitted.forEach((from, i) => {
          admitted.slice(i).forEach((to, j) => {
            expect(j + 1).toBeLessThanOrEqual(most + ((to - from) * speed) / 1000 + 1e-6);
          });
        });
      }),
    );
  });

  test('is neither frozen nor filled by a clock that jumps back and forth', () => {
    const jumps = fc.array(fc.integer({ min: -10_000, max: 1000 }), { maxLength: 50 });
    fc.assert(
      fc.property(jumps, (path) => {
        const clock = clockAt(1_000_000);
        const limits = createLimits(clock.now);
        const limited = route(rate(10, 5));
        let forward = 0;
        let admitted = 0;
        for (const jump of path) {
          clock.at += jump;
          forward += Math.max(0, jump);
          for (let i = 0; i < 7; i++) if (isRoom(limits.admit('a', limited))) admitted += 1;
        }
        expect(admitted).toBeLessThanOrEqual(5 + (forward * 10) / 1000 + 1e-6);
        // Half a second on, whatever the clock says, brings a whole burst.
        clock.at += 500;
        expect(isRoom(limits.admit('a', limited))).toBe(true);
      }),
    );
  });

  test('that a reload changes counts from now on, without a new burst', () => {
    const clock = clockAt(0);
    const limits = createLimits(clock.now);
    const admit = (perSecond: number, burst: number) =>
      isRoom(limits.admit('a', route(rate(perSecond, burst))));
    for (let i = 0; i < 10; i++) expect(admit(1, 10)).toBe(true);
    expect(admit(1000, 100)).toBe(false);
    clock.at += 5;
    expect([1, 2, 3, 4, 5, 6].map(() => admit(1000, 100))).toEqual([
      true,
      true,
      true,
      true,
      true,
      false,
    ]);
    clock.at += 1000;
    expect([admit(1, 1), admit(1, 1)]).toEqual([true, false]);
  });
});

describe('a concurrency', () => {
  const limited = route({ concurrency: 2 });

  test('lets as many in as have left, releasing twice being harmless', () => {
    const limits = createLimits(() => 0);
    const [one, two] = [limits.admit('a', limited), limits.admit('a', limited)];
    if (!isRoom(one) || !isRoom(two)) throw new TypeError('denied');
    expect(limits.admit('a', limited)).toBe('CONCURRENCY_LIMITED');
    expect(isRoom(limits.admit('b', limited))).toBe(true);
    one.release();
    one.release();
    expect(isRoom(limits.admit('a', limited))).toBe(true);
    expect(limits.admit('a', limited)).toBe('CONCURRENCY_LIMITED');
  });

  test('that denies a call costs it no token of the rate', () => {
    const limits = createLimits(() => 0);
    const both = route({ ...rate(1, 2), concurrency: 1 });
    const first = limits.admit('a', both);
    if (!isRoom(first)) throw new TypeError('denied');
    for (let i = 0; i < 5; i++) expect(limits.admit('a', both)).toBe('CONCURRENCY_LIMITED');
    first.release();
    expect(isRoom(limits.admit('a', both))).toBe(true);
  });

  test('counts the calls that are open when a reload brings it or changes it', () => {
    const limits = createLimits(() => 0);
    const open = [1, 2, 3].map(() => limits.admit('a', route(rate(10, 10))));
    expect(open.every(isRoom)).toBe(true);
    expect(limits.admit('a', limited)).toBe('CONCURRENCY_LIMITED');
    for (const one of open) if (isRoom(one)) one.release();
    expect(isRoom(limits.admit('a', limited))).toBe(true);
  });

  test('is never exceeded, and never loses a slot, in any order of calls', () => {
    const steps = fc.array(fc.tuple(fc.boolean(), fc.nat(20)), { maxLength: 100 });
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 5 }), (path, most) => {
        const limits = createLimits(() => 0);
        const entry = route({ concurrency: most });
        const all: Admission[] = [];
        const open = new Set<Admission>();
        for (const [enters, which] of path) {
          if (enters) {
            const answer = limits.admit('a', entry);
            expect(isRoom(answer)).toBe(open.size < most);
            if (!isRoom(answer)) continue;
            open.add(answer);
            all.push(answer);
          } else {
            // Whoever left before may be released again.
            const one = all[which % Math.max(1, all.length)];
            one?.release();
            if (one !== undefined) open.delete(one);
          }
          expect(open.size).toBeLessThanOrEqual(most);
        }
      }),
    );
  });
});

describe('what is remembered', () => {
  test('is nothing for a route without limits', () => {
    const limits = createLimits(() => 0);
    const free = limits.admit('a', route({ body: 5 }));
    expect(limits.admit('b', route({}))).toBe(free);
    if (isRoom(free)) free.release();
    expect(limits.size).toBe(0);
  });

  test('is bounded: what is idle and full goes first', () => {
    const clock = clockAt(0);
    const limits = createLimits(clock.now, { cells: 10 });
    const limited = route(rate(10, 2));
    for (let i = 0; i < 10; i++) {
      const answer = limits.admit(`agent${i}`, limited);
      if (isRoom(answer)) answer.release();
    }
    expect(limits.admit('new', limited)).toBe('RATE_LIMITED');
    clock.at += 100;
    for (let i = 0; i < 1000; i++) {
      const answer = limits.admit(`other${i}`, limited);
      if (!isRoom(answer)) throw new TypeError(answer);
      answer.release();
      clock.at += 100;
    }
    expect(limits.size).toBe(10);
  });

  test('is never forgotten while it holds anybody back; then a newcomer is denied', () => {
    const limits = createLimits(() => 0, { cells: 4 });
    const busy = route({ concurrency: 1 });
    const held = [0, 1, 2, 3].map((i) => limits.admit(`a${i}`, busy));
    expect(limits.admit('new', busy)).toBe('CONCURRENCY_LIMITED');
    expect(limits.admit('new', route(rate(1, 1), 'x'))).toBe('RATE_LIMITED');
    for (let i = 0; i < 4; i++) expect(limits.admit(`a${i}`, busy)).toBe('CONCURRENCY_LIMITED');
    const last = held[3];
    if (last !== undefined && isRoom(last)) last.release();
    expect(isRoom(limits.admit('new', busy))).toBe(true);
    expect(limits.size).toBe(4);
  });

  test('can go in a large table too, a few steps at a time', () => {
    const limits = createLimits(() => 0, { cells: 1000 });
    const busy = route({ concurrency: 1 });
    for (let i = 0; i < 999; i++) limits.admit(`a${i}`, busy);
    const last = limits.admit('last', busy);
    if (isRoom(last)) last.release();
    let tries = 0;
    while (!isRoom(limits.admit('new', busy))) tries += 1;
    expect(tries).toBeLessThan(40);
  });

  test('keeps names apart that look alike when put together', () => {
    const limits = createLimits(() => 0);
    expect(isRoom(limits.admit('a b', route({ concurrency: 1 }, 'c')))).toBe(true);
    expect(isRoom(limits.admit('a', route({ concurrency: 1 }, 'b c')))).toBe(true);
  });
});
