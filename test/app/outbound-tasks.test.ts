import { expect, test } from 'vitest';
import { OutboundTasks } from '../../src/app/outbound-tasks.ts';
import {
  Refusal,
  provenAuthority,
  type IssuerEntry,
  type PinnedPolicy,
} from '../../src/call/index.ts';
import { Secret } from '../../src/lib/index.ts';
import { Tasks, createContexts } from '../../src/state/index.ts';

const START = 1_800_000_000_000;
const LIFE = 3_600_000;
const who = { issuer: 'https://sts.test', subject: 'alice' };

function desk() {
  const clocks = { wall: START, tick: 5 };
  const clock = { now: () => clocks.wall, tick: () => clocks.tick };
  const contexts = createContexts(clock.tick, { tasks: new Tasks(clock) });
  const tasks = new OutboundTasks(contexts, clock.now, clock.tick);
  const told: string[] = [];
  const service = { isDown: false, told };
  tasks.use(() => ({
    register: () => Promise.reject(new Error('not here')),
    end: (grant) =>
      new Promise((resolve) => {
        if (service.isDown) throw new Refusal('TOKEN_SERVICE_UNAVAILABLE');
        told.push(grant);
        resolve();
      }),
  }));
  const start = (grant: string): string => {
    const issuer = { name: 'sts', issuer: who.issuer } as IssuerEntry;
    const verified = { issuer, subject: who, presenter: who, tokenId: 'jti', actors: [] };
    const authority = provenAuthority(
      { ...verified, scopes: new Set(['a']), expiresAt: START + 60_000 },
      true,
    );
    const call = {
      agent: 'planner',
      callId: 'c',
      token: new Secret('t'),
      policy: {} as PinnedPolicy,
    };
    const handle = contexts.issue({ ...call, authority }) ?? '';
    const granted = { scopes: ['a'], expiresAt: START + LIFE, audiences: ['spiffe://a/b'] };
    tasks.keep(handle, { name: 'run', grant, ...granted });
    return handle;
  };
  return { clocks, contexts, tasks, service, start };
}

test('a grant that could not be given back is given back later, once', async () => {
  const { clocks, tasks, service } = desk();
  service.isDown = true;
  tasks.giveBack({ grant: 'one' });
  await tasks.tell();
  service.isDown = false;
  await tasks.tell();
  expect(service.told).toEqual([]);
  clocks.tick += 10_000;
  await tasks.tell();
  await tasks.tell();
  expect(service.told).toEqual(['one']);
});

test('the end of a task of which the service could not be told is told later, though nobody asks again', async () => {
  const { clocks, contexts, tasks, service, start } = desk();
  const handle = start('two');
  service.isDown = true;
  await expect(tasks.end(handle)?.over).rejects.toThrow();
  service.isDown = false;
  clocks.tick += 10_000;
  await tasks.tell();
  expect(service.told).toEqual(['two']);
  expect(contexts.endedTasks).toEqual([]);
  expect(tasks.end(handle)).toBeUndefined();
});

test('what ends by a clock that jumped is told, and never goes on', async () => {
  const { clocks, contexts, tasks, service, start } = desk();
  const handle = start('three');
  clocks.wall += 2 * LIFE;
  contexts.sweep();
  clocks.wall -= 2 * LIFE;
  expect(contexts.find(handle)).toBe('ended');
  await tasks.tell();
  expect(service.told).toEqual(['three']);
  expect(contexts.find(handle)).toBe('ended');
});

test('what ends with the process is given back when that is left', async () => {
  const { tasks, service, start } = desk();
  start('four');
  start('five');
  await tasks.leave(1000);
  expect(service.told).toEqual(['four', 'five']);
});
