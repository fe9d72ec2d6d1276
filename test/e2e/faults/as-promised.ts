import { describe, expect, it } from 'vitest';
import { DEPENDENCIES, type DependencyName } from '../../../src/app/index.ts';
import { until } from '../../support/harness.ts';
import { callOut } from '../../support/outbound.ts';
import { scene, type Scene } from './scene.ts';
import { WAYS, type Way } from './ways.ts';

const NAMES = Object.keys(DEPENDENCIES) as readonly DependencyName[];

/** What is asked over the network, and waited for, takes as long as all others: a file for each of the two. */
const isRemote = (name: DependencyName) => name === 'issuerKeys' || name === 'tokenService';
export const REMOTE = NAMES.filter(isRemote);
export const LOCAL = NAMES.filter((name) => !isRemote(name));

async function call({ w, caller, headers }: Scene): Promise<unknown> {
  const answer = await w.call({ as: caller, path: '/whoami', headers });
  return answer.status === 200 ? 200 : answer.json().code;
}

async function callPeer({ w }: Scene): Promise<unknown> {
  const answer = await callOut(w, { peer: 'ledger' });
  return answer.status === 200 ? 200 : answer.json().code;
}

async function metricHas(world: Scene, pattern: RegExp): Promise<void> {
  await until(async () => (pattern.test(await world.w.metrics()) ? true : undefined));
}

function isFresh(name: string): RegExp {
  return new RegExp(`^sidegate_dependency_fresh\\{dependency="${name}"\\} 1$`, 'm');
}

/** Makes it fail, waits until that is noticed, then looks at what the table promises. */
async function failsAsPromised(world: Scene, way: Way): Promise<void> {
  const { ready, code } = way;
  await way.fail(world);
  if (ready === 'degraded')
    await until(async () => (await world.ready()).degraded.includes(way.of) || undefined);
  else if (ready !== 'unaware')
    await until(async () => (await world.ready()).reasons.includes(ready) || undefined);
  const before = world.agent.reached;
  expect(await call(world)).toBe(code ?? 200);
  const isLetThrough = code === undefined || way.reaches === true;
  expect(world.agent.reached - before).toBe(isLetThrough ? 1 : 0);
  await metricHas(world, way.metric);
  if (way.outbound !== undefined) {
    expect(await callPeer(world)).toBe(way.outbound);
    expect(world.peer?.connections).toBe(0);
  }
  const { status } = await world.ready();
  expect(status).toBe(ready === 'degraded' || ready === 'unaware' ? 200 : 503);
}

async function recovers(world: Scene, { of, mend, outbound }: Way): Promise<void> {
  await mend(world);
  if (outbound !== undefined) expect(await callPeer(world)).toBe(200);
  await until(async () => ((await call(world)) === 200 ? true : undefined));
  await until(async () => {
    const { status, degraded } = await world.ready();
    return status === 200 && degraded.length === 0 ? true : undefined;
  });
  await metricHas(world, isFresh(of));
}

/** Each way in which they can fail, as the table of dependencies promises. */
export function describeFailures(names: readonly DependencyName[]): void {
  describe.each(names)('%s', (name) => {
    const ways = WAYS.filter(({ of }) => of === name);

    it('can fail in some way', () => {
      expect(ways.length).toBeGreaterThan(0);
    });

    it('fails with its own codes only', () => {
      const known: readonly string[] = DEPENDENCIES[name].codes;
      const codes = ways.flatMap(({ code }) => (code === undefined ? [] : [code]));
      expect(codes.filter((code) => !known.includes(code))).toEqual([]);
    });

    it.each(ways)('$how: it is seen, does what the table says, and recovers', async (way) => {
      const world = await scene(way.options);
      await way.prepare?.(world);
      expect(await call(world)).toBe(200);
      await failsAsPromised(world, way);
      await recovers(world, way);
    });
  });
}
