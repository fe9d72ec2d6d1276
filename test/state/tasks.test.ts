import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { provenAuthority, type IssuerEntry, type PinnedPolicy } from '../../src/call/index.ts';
import { Secret } from '../../src/lib/index.ts';
import {
  Tasks,
  createContexts,
  type Contexts,
  type StartedTask,
  type TasksOptions,
} from '../../src/state/index.ts';

const START = 1_800_000_000_000;
const LIFE = 3_600_000;
const ISSUER = { name: 'sts', issuer: 'https://sts.test' } as IssuerEntry;
const TOKEN = 'the-token-of-alice';

/** A wall clock that can be set, and one that only goes forward. */
interface Clocks {
  wall: number;
  tick: number;
}

const who = (subject: string) => ({ issuer: ISSUER.issuer, subject });

function kept(callId: string) {
  const verified = {
    ...{ issuer: ISSUER, subject: who('alice'), presenter: who('planner'), tokenId: 'jti' },
    ...{ actors: [who('planner')], scopes: new Set(['a', 'b']), expiresAt: START + 60_000 },
  };
  const authority = provenAuthority(verified, true);
  const policy = {} as PinnedPolicy;
  return { agent: 'planner', callId, authority, token: new Secret(TOKEN), policy };
}

function task(changes: Partial<StartedTask> = {}): StartedTask {
  const granted = { scopes: ['a'], expiresAt: START + LIFE };
  return { name: 'run', grant: 'task-1', audiences: ['spiffe://a/b'], ...granted, ...changes };
}

function storeWith(options: Partial<TasksOptions> = {}) {
  const clocks: Clocks = { wall: START, tick: 5 };
  const counts: number[] = [];
  const make = (): Contexts => {
    const clock = { now: () => clocks.wall, tick: () => clocks.tick };
    const tasks = new Tasks({ ...clock, onCount: (live) => counts.push(live), ...options });
    return createContexts(clock.tick, { tasks });
  };
  return { clocks, counts, contexts: make(), again: make };
}

function start(contexts: Contexts, changes: Partial<StartedTask> = {}): string {
  const handle = contexts.issue(kept('call'));
  if (handle === undefined || !contexts.keepTask(handle, task(changes))) throw new Error('no room');
  return handle;
}

const kindOf = (found: ReturnType<Contexts['find']>) =>
  typeof found === 'string' ? found : 'task' in found ? 'task' : 'call';

function tasksFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sidegate-tasks-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'tasks.json');
}

describe('the handle of a task', () => {
  test('stands for the task in place of the call, without the token, and with what was granted', () => {
    const { contexts } = storeWith();
    const handle = start(contexts);
    const found = contexts.find(handle);
    expect(found).toMatchObject({
      ...{ agent: 'planner', callId: 'call', token: undefined },
      authority: { subject: who('alice'), scopes: new Set(['a']), expiresAt: START + LIFE },
      task: { name: 'run', grant: 'task-1', audiences: ['spiffe://a/b'] },
    });
    expect(inspect(contexts, { depth: 9, showHidden: true })).not.toContain(handle);
  });

  test('outlives its call, whether that comes to its end or loses its right', () => {
    const { clocks, contexts } = storeWith();
    const [one, two] = [start(contexts), start(contexts)];
    contexts.end(one);
    contexts.revoke(two);
    clocks.wall += LIFE - 1;
    clocks.tick += LIFE - 1;
    contexts.sweep();
    expect([one, two].map((handle) => kindOf(contexts.find(handle)))).toEqual(['task', 'task']);
  });

  const steps: readonly [string, number, number, string][] = [
    ['nothing has passed', 0, 0, 'task'],
    ['all but a millisecond has passed', LIFE - 1, LIFE - 1, 'task'],
    ['its life has passed', LIFE, LIFE, 'ended'],
    ['the clock was set beyond its end', LIFE, 1, 'ended'],
    ['the clock was set back, and its life has passed', -LIFE, LIFE, 'ended'],
    ['the clock was set back', -LIFE, 1, 'task'],
  ];

  test.each(steps)('when %s: by a wall clock %d and a steady one %d it is %s', (...step) => {
    const [, wall, tick, expected] = step;
    for (const swept of [true, false]) {
      const { clocks, contexts } = storeWith();
      const handle = start(contexts);
      clocks.wall += wall;
      clocks.tick += tick;
      if (swept) contexts.sweep();
      const found = kindOf(contexts.find(handle));
      expect(expected === 'task' ? found : found === 'task').toBe(
        expected === 'task' ? 'task' : false,
      );
    }
  });

  test('that has ended does not come back with a clock that is set back', () => {
    const { clocks, contexts } = storeWith();
    const handle = start(contexts);
    clocks.wall += LIFE;
    expect(kindOf(contexts.find(handle))).toBe('ended');
    clocks.wall -= LIFE;
    expect(kindOf(contexts.find(handle))).toBe('ended');
  });

  test('is worth nothing once it was ended; what is known of it is there until it is forgotten', () => {
    const { contexts, counts } = storeWith();
    const handle = start(contexts);
    expect(contexts.endTask(handle)?.task.grant).toBe('task-1');
    expect(kindOf(contexts.find(handle))).toBe('ended');
    expect(contexts.endTask(handle)?.task.grant).toBe('task-1');
    contexts.forgetTask(handle);
    expect(contexts.endTask(handle)).toBeUndefined();
    expect(kindOf(contexts.find(handle))).toBe('ended');
    expect(counts.at(-1)).toBe(0);
    expect(Math.max(...counts)).toBe(1);
  });

  test('is none of a call that has no token, or that is not under way', () => {
    const { contexts } = storeWith();
    const handle = contexts.issue({ ...kept('x'), authority: undefined }) ?? '';
    expect(() => contexts.keepTask(handle, task())).toThrow(TypeError);
    const over = contexts.issue(kept('y')) ?? '';
    contexts.revoke(over);
    expect(() => contexts.keepTask(over, task())).toThrow(TypeError);
    expect(contexts.endTask(handle)).toBeUndefined();
  });
});

describe('the tasks', () => {
  test('are as many as may be, and those that have ended make room', () => {
    const { contexts } = storeWith({ cap: 4 });
    const [one] = [start(contexts), start(contexts)];
    expect(contexts.tasksFullFor('planner', [])).toBe(true);
    const handle = contexts.issue(kept('more')) ?? '';
    expect(contexts.keepTask(handle, task())).toBe(false);
    expect(kindOf(contexts.find(handle))).toBe('call');
    contexts.endTask(one);
    expect(contexts.keepTask(handle, task())).toBe(true);
  });

  test('of one caller are never more than are left for all others, with those that are being registered', () => {
    const { contexts } = storeWith({ cap: 16 });
    for (let i = 0; i < 8; i += 1) start(contexts);
    expect(contexts.tasksFullFor('planner', [])).toBe(true);
    expect(contexts.tasksFullFor('portal', [])).toBe(false);
    expect(contexts.tasksFullFor('portal', ['portal', 'portal', 'portal'])).toBe(false);
    expect(contexts.tasksFullFor('portal', ['portal', 'portal', 'portal', 'portal'])).toBe(true);
    expect(contexts.tasksFullFor('another', ['portal', 'portal', 'portal', 'portal'])).toBe(false);
  });

  test('never hold more than twice their cap, however many ends the token service was not told of', () => {
    const file = tasksFile();
    const { contexts } = storeWith({ cap: 6, file });
    for (let i = 0; i < 20; i += 1) contexts.endTask(start(contexts));
    for (let i = 0; i < 3; i += 1) start(contexts);
    const { tasks } = JSON.parse(readFileSync(file, 'utf8')) as { tasks: unknown[] };
    expect(tasks).toHaveLength(9);
  });

  test('are the same after a restart, and their lives no longer', () => {
    const file = tasksFile();
    const { clocks, contexts, again } = storeWith({ file });
    const [live, ended, over] = [start(contexts), start(contexts), start(contexts)];
    contexts.endTask(ended);
    contexts.endTask(over);
    contexts.forgetTask(over);
    const text = readFileSync(file, 'utf8');
    for (const secret of [live, ended, over, TOKEN]) expect(text).not.toContain(secret);
    clocks.tick += 1000;
    const next = again();
    const kinds = [live, ended, over].map((handle) => kindOf(next.find(handle)));
    expect(kinds).toEqual(['task', 'ended', 'unknown']);
    expect(next.find(live)).toEqual(contexts.find(live));
    clocks.wall += LIFE;
    expect(kindOf(again().find(live))).toBe('unknown');
    // Set back over the restart, the clock gives no more than one whole life.
    clocks.wall = START - 10 * LIFE;
    const later = again();
    clocks.tick += LIFE - 1;
    expect(kindOf(later.find(live))).toBe('task');
    clocks.tick += 1;
    expect(kindOf(later.find(live))).toBe('ended');
  });

  test('are the same after a restart, whatever the token said', () => {
    const text = fc.string({ unit: 'binary', maxLength: 40 });
    const principal = fc.record({ issuer: text, subject: text });
    const said = fc.record({
      ...{ subject: principal, actors: fc.array(principal, { maxLength: 4 }), tokenId: text },
      onBehalf: fc.boolean(),
    });
    const granted = fc.record({ scopes: fc.uniqueArray(text), audiences: fc.array(text) });
    fc.assert(
      fc.property(said, granted, (changes, grant) => {
        const { contexts, again } = storeWith({ file: tasksFile() });
        const call = kept('call');
        const authority = { ...call.authority, ...changes };
        const handle = contexts.issue({ ...call, authority }) ?? '';
        expect(contexts.keepTask(handle, task(grant))).toBe(true);
        expect(again().find(handle)).toEqual(contexts.find(handle));
        expect(contexts.find(handle)).toMatchObject({ authority: changes });
      }),
      { numRuns: 50 },
    );
  });

  test('that are cleared begin no more, and the file stays as it is', () => {
    const file = tasksFile();
    const { contexts, again } = storeWith({ file });
    const handle = start(contexts);
    const text = readFileSync(file, 'utf8');
    const other = contexts.issue(kept('other')) ?? '';
    contexts.clear();
    contexts.endTask(handle);
    contexts.forgetTask(handle);
    contexts.sweep();
    expect(contexts.find(other)).toBe('unknown');
    expect(readFileSync(file, 'utf8')).toBe(text);
    expect(kindOf(again().find(handle))).toBe('task');
  });

  test('whose end cannot be written down have ended all the same; it is told once, and tried again', () => {
    const file = tasksFile();
    const faults: unknown[] = [];
    const { clocks, contexts, again } = storeWith({
      file,
      complain: (fault) => faults.push(fault),
    });
    const [one, two] = [start(contexts), start(contexts)];
    rmSync(join(file, '..'), { recursive: true });
    writeBlocker(join(file, '..'));
    for (const handle of [one, two]) contexts.endTask(handle);
    contexts.sweep();
    expect(kindOf(contexts.find(one))).toBe('ended');
    expect(faults).toHaveLength(1);
    const handle = contexts.issue(kept('z')) ?? '';
    expect(() => contexts.keepTask(handle, task())).toThrow('cannot write');
    expect(kindOf(contexts.find(handle))).toBe('call');
    rmSync(join(file, '..'));
    contexts.sweep();
    clocks.tick += 1;
    expect(kindOf(again().find(one))).toBe('ended');
  });
});

/** A file where there should be a folder. */
function writeBlocker(path: string): void {
  writeFileSync(path, '');
}
