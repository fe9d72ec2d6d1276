import { aliceToken, callPlanner, endingOf, exchange, type Ending } from './calls.ts';
import { nameIn, type Line } from './lines.ts';
import { SMALL, type Hop } from './names.ts';
import type { World } from './world.ts';

/** One thing that is tried, and what must come of it. */
export interface Act {
  readonly title: string;
  /** Gives how each call ended. */
  readonly play: (world: World) => Promise<readonly Ending[]>;
  readonly expected: Ending;
  /** The agents that must be reached, and no others. */
  readonly reached: readonly Hop[];
  /** What else must be so, by the audits; gives what is not. */
  readonly holds?: (lines: readonly Line[]) => readonly string[];
}

const OK = { status: 200, code: 'OK' } as const;
const CALLS = 6;

export const ACTS: readonly Act[] = [
  {
    title: "alice's small permission arrives as exactly that",
    play: async (world) => [await asPortal(world, '/plans/overview')],
    expected: OK,
    reached: ['planner', 'billing', 'ledger'],
    holds: arrivesAsItWas,
  },
  {
    title: 'planner, tricked, asks for a refund with its own power in reach',
    play: async (world) => [await asPortal(world, '/plans/tricked')],
    expected: { status: 403, code: 'SCOPE_MISSING' },
    reached: ['planner'],
  },
  {
    title: 'planner leaves out for whom it works',
    play: async (world) => [await asPortal(world, '/plans/forgetful')],
    expected: { status: 403, code: 'CONTEXT_MISSING' },
    reached: ['planner'],
  },
  {
    title: "mallory has stolen alice's token, and calls with it",
    play: async (world) => [
      await callPlanner(world, 'mallory', '/plans/overview', await aliceToken(world, 'planner')),
    ],
    expected: { status: 401, code: 'TOKEN_BOUND_ELSEWHERE' },
    reached: [],
  },
  {
    title: 'mallory has it exchanged for one of her own',
    play: async (world) => [await exchange(world, 'mallory', await aliceToken(world, 'planner'))],
    expected: { status: 400, code: 'invalid_request' },
    reached: [],
  },
  {
    title: 'a token of alice for somebody else',
    play: async (world) => [
      await callPlanner(world, 'portal', '/plans/overview', await aliceToken(world, 'billing')),
    ],
    expected: { status: 401, code: 'TOKEN_WRONG_AUDIENCE' },
    reached: [],
  },
  {
    title: 'planner answers first, and goes on with the work when that call is over',
    play: goOn,
    expected: OK,
    reached: ['planner', 'billing', 'ledger'],
    holds: arrivesAsItWas,
  },
  {
    title: 'planner says that the work is done, and goes on all the same',
    play: goOnTooLong,
    expected: { status: 403, code: 'CONTEXT_REFUSED' },
    reached: [],
  },
  {
    title: "planner's certificate is renewed while calls go on",
    play: rotate,
    expected: OK,
    reached: ['planner', 'billing', 'ledger'],
    holds: twoCertificates,
  },
];

async function asPortal(world: World, path: string): Promise<Ending> {
  return callPlanner(world, 'portal', path, await aliceToken(world, 'planner'));
}

async function goOn(world: World): Promise<readonly Ending[]> {
  const accepted = await asPortal(world, '/plans/later');
  if (accepted.status !== 200) return [accepted];
  return [endingOf(await world.agents.planner.goOn())];
}

async function goOnTooLong(world: World): Promise<readonly Ending[]> {
  const done = endingOf(await world.agents.planner.finish());
  if (done.status !== 204) return [done];
  return [endingOf(await world.agents.planner.goOn())];
}

/** Some calls before, some under way, some after. */
async function rotate(world: World): Promise<readonly Ending[]> {
  const one = () => asPortal(world, '/plans/overview');
  const many = () => Array.from({ length: CALLS }, one);
  const before = await Promise.all(many());
  const during = many();
  world.rotatePlanner();
  return [...before, ...(await Promise.all(during)), ...(await Promise.all(many()))];
}

function arrivesAsItWas(lines: readonly Line[]): string[] {
  const line = lines.find(({ by }) => by === 'ledger');
  if (line === undefined) return ['the ledger should have recorded the call'];
  const faults: string[] = [];
  const chain = line.chain?.map(nameIn).join(' ');
  if (line.tokenScopes?.join(' ') !== SMALL)
    faults.push(`the ledger should have been shown ${SMALL} alone`);
  if (line.subject === undefined || nameIn(line.subject) !== 'alice')
    faults.push('the ledger should have been called for alice');
  if (chain !== 'billing planner portal') faults.push(`the chain at the ledger is ${chain ?? ''}`);
  return faults;
}

function twoCertificates(lines: readonly Line[]): string[] {
  const seen = serialsOf(lines);
  return seen.length === 2 ? [] : [`billing saw ${seen.length} certificates of planner, not 2`];
}

/** Of planner's certificates, as billing saw them: how many calls came with each. */
export function serialsOf(lines: readonly Line[]): readonly (readonly [string, number])[] {
  const counts = new Map<string, number>();
  for (const { by, direction, certSerial = '' } of lines)
    if (by === 'billing' && direction === 'inbound')
      counts.set(certSerial, (counts.get(certSerial) ?? 0) + 1);
  return [...counts];
}
