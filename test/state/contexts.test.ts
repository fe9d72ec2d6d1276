import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { PinnedPolicy } from '../../src/call/index.ts';
import { Secret } from '../../src/lib/index.ts';
import { createContexts, type Contexts, type Kept } from '../../src/state/index.ts';

const GRACE = 30_000;

function kept(callId: string): Kept {
  const policy = {} as PinnedPolicy;
  return { agent: 'planner', callId, authority: undefined, token: new Secret('t'), policy };
}

function contextsAt(start: number, cap?: number) {
  const clock = { at: start };
  const contexts = createContexts(() => clock.at, cap === undefined ? {} : { cap });
  return { clock, contexts };
}

function issue(contexts: Contexts, callId: string): string {
  const handle = contexts.issue(kept(callId));
  if (handle === undefined) throw new Error('there should have been room');
  return handle;
}

const idOf = (found: ReturnType<Contexts['find']>) =>
  typeof found === 'string' ? found : found.callId;

describe('a handle', () => {
  test('is 256 random bits in base64url, another one for each call', () => {
    const { contexts } = contextsAt(0);
    const handles = Array.from({ length: 1000 }, (_, i) => issue(contexts, String(i)));
    expect(new Set(handles).size).toBe(1000);
    for (const handle of handles) {
      expect(handle).toMatch(/^[A-Za-z0-9_-]{43}$/);
      expect(Buffer.from(handle, 'base64url')).toHaveLength(32);
    }
  });

  test('finds what was kept of its call, for as long as the call is under way', () => {
    const { clock, contexts } = contextsAt(0);
    const [one, two] = [issue(contexts, 'one'), issue(contexts, 'two')];
    clock.at += 24 * 3_600_000;
    contexts.sweep();
    expect(idOf(contexts.find(one))).toBe('one');
    expect(idOf(contexts.find(two))).toBe('two');
  });

  test.each(['', 'x', 'A'.repeat(43), `${'A'.repeat(42)}=`, 'A'.repeat(44), '\u0000'.repeat(43)])(
    'that was never issued is unknown: %j',
    (handle) => {
      const { contexts } = contextsAt(0);
      issue(contexts, 'one');
      expect(contexts.find(handle)).toBe('unknown');
    },
  );

  test('that is wrong in any one character is unknown', () => {
    const { contexts } = contextsAt(0);
    const handle = issue(contexts, 'one');
    for (let i = 0; i < handle.length; i += 1) {
      const other = handle[i] === 'A' ? 'B' : 'A';
      const wrong = handle.slice(0, i) + other + handle.slice(i + 1);
      expect(contexts.find(wrong)).toBe('unknown');
    }
  });

  test('works on for its grace after the call has ended, and not a millisecond more', () => {
    const { clock, contexts } = contextsAt(5);
    const handle = issue(contexts, 'one');
    contexts.end(handle);
    clock.at += GRACE - 1;
    expect(idOf(contexts.find(handle))).toBe('one');
    clock.at += 1;
    expect(contexts.find(handle)).toBe('ended');
  });

  test('does not gain a new grace by ending twice', () => {
    const { clock, contexts } = contextsAt(0);
    const handle = issue(contexts, 'one');
    contexts.end(handle);
    clock.at += GRACE - 1;
    contexts.end(handle);
    clock.at += 1;
    expect(contexts.find(handle)).toBe('ended');
  });

  test('whose right has ended is worth nothing at once, under way or in its grace', () => {
    const { contexts } = contextsAt(0);
    const [live, ended] = [issue(contexts, 'live'), issue(contexts, 'ended')];
    contexts.end(ended);
    contexts.revoke(live);
    contexts.revoke(ended);
    contexts.end(live);
    expect([contexts.find(live), contexts.find(ended)]).toEqual(['ended', 'ended']);
  });

  test('is unknown, like any other, after everything was cleared', () => {
    const { contexts } = contextsAt(0);
    const handle = issue(contexts, 'one');
    contexts.clear();
    expect(contexts.find(handle)).toBe('unknown');
    expect(contexts.size).toBe(0);
  });

  test('stands nowhere in the store, and neither does the token', () => {
    const { contexts } = contextsAt(0);
    const handle = issue(contexts, 'one');
    const shown = inspect(contexts, { depth: 9, showHidden: true });
    expect(shown).not.toContain(handle);
    expect(JSON.stringify(kept('one'))).toContain('[secret]');
  });
});

describe('the store', () => {
  test('lets go of the token when the grace has passed, and of the handle some minutes later', () => {
    const { clock, contexts } = contextsAt(0);
    const handle = issue(contexts, 'one');
    contexts.end(handle);
    clock.at += GRACE;
    contexts.sweep();
    expect(contexts.find(handle)).toBe('ended');
    clock.at += 10 * 60_000;
    contexts.sweep();
    expect(contexts.find(handle)).toBe('unknown');
    expect(contexts.size).toBe(0);
  });

  test('gives no handle when as many calls are under way as may be', () => {
    const { contexts } = contextsAt(0, 3);
    const handles = ['a', 'b', 'c'].map((id) => issue(contexts, id));
    expect(contexts.issue(kept('d'))).toBeUndefined();
    expect(handles.map((handle) => idOf(contexts.find(handle)))).toEqual(['a', 'b', 'c']);
  });

  test('forgets the oldest of those that have ended, before their grace is over, when there are too many', () => {
    const { contexts } = contextsAt(0, 1);
    const handles = ['a', 'b', 'c', 'd', 'e'].map((id) => {
      const handle = issue(contexts, id);
      contexts.end(handle);
      return handle;
    });
    const live = issue(contexts, 'live');
    const found = [...handles, live].map((handle) => idOf(contexts.find(handle)));
    expect(found).toEqual(['unknown', 'b', 'c', 'd', 'e', 'live']);
  });

  test('never holds more than five times its cap, whatever churns through it', () => {
    const { clock, contexts } = contextsAt(0, 20);
    let largest = 0;
    for (let i = 0; i < 10_000; i += 1) {
      contexts.end(issue(contexts, String(i)));
      clock.at += 1;
      largest = Math.max(largest, contexts.size);
    }
    expect(largest).toBe(80);
  });
});
