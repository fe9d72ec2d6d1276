import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ACTS, type Act } from '../../src/cli/demo/delegation/acts.ts';
import { playActs } from '../../src/cli/demo/delegation/play.ts';
import { runBin, runIn } from './sandbox.ts';

/** Written out once more: the demo must not be its own only witness. */
const ENDINGS = [
  ["alice's small permission arrives as exactly that", '200 OK'],
  ['planner, tricked, asks for a refund with its own power in reach', '403 SCOPE_MISSING'],
  ['planner leaves out for whom it works', '403 CONTEXT_MISSING'],
  ["mallory has stolen alice's token, and calls with it", '401 TOKEN_BOUND_ELSEWHERE'],
  ['mallory has it exchanged for one of her own', '400 invalid_request'],
  ['a token of alice for somebody else', '401 TOKEN_WRONG_AUDIENCE'],
  ['planner answers first, and goes on with the work when that call is over', '200 OK'],
  ['planner says that the work is done, and goes on all the same', '403 CONTEXT_REFUSED'],
  ["planner's certificate is renewed while calls go on", '18 calls, each 200 OK'],
] as const;

interface Json {
  readonly ok: boolean;
  readonly acts: readonly {
    readonly endings: readonly { readonly status: number; readonly code: string }[];
    readonly lines: readonly Readonly<Record<string, unknown>>[];
  }[];
}

/** A folder for temporary files alone, so that what the demo leaves in it can be seen. */
function emptyTmp(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sg-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test('the demo of delegation draws every act with its ending in 80 columns, and leaves nothing behind', async () => {
  const TMPDIR = emptyTmp();
  const { code, out, err } = await runBin(tmpdir(), ['demo', 'delegation'], { TMPDIR });
  expect({ code, err }).toEqual({ code: 0, err: '' });
  for (const [index, [title, ending]] of ENDINGS.entries()) {
    const [, act = ''] = out.split(` ${index + 1} ${title}\n`);
    expect(act.split('\n\n')[0]).toContain(ending);
  }
  expect(out).toContain('refunds:write is granted to planner, but');
  expect(out).toContain('\n9 of 9 ended as they should\n');
  expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  expect(out).not.toContain('\u001b');
  expect(readdirSync(TMPDIR)).toEqual([]);
});

test('--json holds what each audit said, and the ledger was shown nothing but what alice may do', async () => {
  const { code, out } = await runIn(tmpdir(), ['demo', 'delegation', '--json']);
  expect(code).toBe(0);
  const { ok, acts } = JSON.parse(out) as Json;
  expect(ok).toBe(true);
  expect(acts.map(({ endings }) => endings.length)).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 18]);
  expect(acts[0]?.lines.find(({ by }) => by === 'ledger')).toMatchObject({
    code: 'OK',
    agent: 'billing',
    subject: { issuer: 'https://sts.acme.test', sub: 'dev/alice' },
    tokenScopes: ['invoices:read'],
    chain: ['billing', 'planner', 'portal'].map((name) => ({
      sub: `spiffe://acme.test/agent/${name}`,
    })),
  });
  const started = acts[6]?.lines.find(({ task }) => task === 'plan-7');
  expect(started).toMatchObject({ by: 'planner', direction: 'inbound', code: 'OK' });
  expect(acts[7]?.lines.map(({ by, code }) => `${String(by)} ${String(code)}`).toSorted()).toEqual([
    ...['planner CONTEXT_REFUSED', 'planner OK', 'sts OK'],
  ]);
  expect(acts[4]?.lines).toMatchObject([{ by: 'sts', agent: 'mallory', decision: 'deny' }]);
});

test('an act that ends otherwise than it should is a fault, and so is one that reaches an agent it should not', async () => {
  const [first, tricked] = ACTS;
  if (first === undefined || tricked === undefined) throw new TypeError('there are acts');
  const acts: Act[] = [
    { ...first, expected: { status: 403, code: 'SCOPE_MISSING' } },
    { ...tricked, reached: ['planner', 'billing'] },
  ];
  const played = await playActs({ now: Date.now, signal: new AbortController().signal, acts });
  expect(played.ok).toBe(false);
  expect(played.acts.map(({ faults }) => faults)).toEqual([
    ['ended 200 OK instead of 403 SCOPE_MISSING'],
    ['reached planner instead of planner, billing'],
  ]);
});
