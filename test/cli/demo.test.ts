import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { coloured, drawRow, drawSummary, plain } from '../../src/cli/demo/draw.ts';
import { play } from '../../src/cli/demo/play.ts';
import { DEMO_POLICY } from '../../src/cli/demo/policy.ts';
import { ROWS, type Row } from '../../src/cli/demo/rows.ts';
import { handSignals, runBin, runIn, type Ran } from './sandbox.ts';

/** Written out once more: the demo must not be its own only witness. */
const ENDINGS = [
  ['a valid call', '200 OK'],
  ['no certificate', '401 NO_CERTIFICATE at identity'],
  ['a self-signed certificate', '401 UNTRUSTED_CERTIFICATE at authentication'],
  ['a certificate of another CA', '401 UNTRUSTED_CERTIFICATE at authentication'],
  ['an expired certificate', '401 CERTIFICATE_EXPIRED at authentication'],
  ['genuine, beyond its scopes', '403 SCOPE_MISSING at authorization'],
  ["genuine, forging billing's name", '403 SCOPE_MISSING at authorization'],
  ['genuine, its kill switch on', '403 AGENT_DISABLED at authorization'],
  ['genuine, with a path trick', '400 MALFORMED_REQUEST at request'],
] as const;

interface JsonCall {
  readonly ended: { readonly status: number; readonly code: string };
  readonly auditLines: readonly unknown[];
  readonly agentReceived: readonly { readonly headers: readonly [string, string][] }[];
}

interface Json {
  readonly ok: boolean;
  readonly rows: readonly { readonly ok: boolean; readonly calls: readonly JsonCall[] }[];
}

/** A folder for temporary files alone, so that what the demo leaves in it can be seen. */
function emptyTmp(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sg-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function playHere(options: { policy?: string; rows?: readonly Row[] }) {
  return play({ now: Date.now, signal: new AbortController().signal, ...options });
}

describe('two demos at a time, which do not disturb each other', () => {
  let [drawn, json]: readonly Ran[] = [];
  let left: readonly string[];

  beforeAll(async () => {
    const TMPDIR = mkdtempSync(join(tmpdir(), 'sg-'));
    const runs = [['demo'], ['demo', '--json']].map((args) => runBin(tmpdir(), args, { TMPDIR }));
    [drawn, json] = await Promise.all(runs);
    left = readdirSync(TMPDIR);
    rmSync(TMPDIR, { recursive: true, force: true });
  });

  test('each ends with 0 and leaves nothing in the temporary folder', () => {
    expect(drawn).toMatchObject({ code: 0, err: '' });
    expect(json).toMatchObject({ code: 0, err: '' });
    expect(left).toEqual([]);
  });

  test('the one draws every row with its ending, in 80 columns and without colours in a pipe', () => {
    const { out } = drawn!;
    for (const [index, [title, ending]] of ENDINGS.entries()) {
      const [, row = ''] = out.split(` ${index + 1} ${title} `);
      expect(row.split('\n\n')[0]).toContain(ending);
    }
    expect(out).toContain('\n9 of 9 ended where they should\n');
    expect(out).toContain('sidegate init');
    expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(out).not.toContain('\u001b');
  });

  test('--json holds nine rows of calls with one audit line each, and two of them reached the agent', () => {
    const { ok, rows } = JSON.parse(json!.out) as Json;
    expect(ok).toBe(true);
    expect(rows).toHaveLength(9);
    const calls = rows.flatMap((row) => row.calls);
    expect(calls.map(({ ended }) => ended.code)).toEqual([
      'OK',
      'NO_CERTIFICATE',
      'UNTRUSTED_CERTIFICATE',
      'UNTRUSTED_CERTIFICATE',
      'CERTIFICATE_EXPIRED',
      'SCOPE_MISSING',
      'OK',
      'SCOPE_MISSING',
      'AGENT_DISABLED',
      'MALFORMED_REQUEST',
    ]);
    expect(calls.every(({ auditLines }) => auditLines.length === 1)).toBe(true);
    const reached = calls.flatMap(({ agentReceived }) => agentReceived);
    expect(reached).toHaveLength(2);
    const told = reached.map(({ headers }) => JSON.stringify(headers));
    expect(told[0]).toContain('["x-sidegate-agent","billing"]');
    expect(told[1]).toContain('["x-sidegate-agent","planner"]');
    expect(told[1]).not.toContain('billing');
  });
});

test('a sidecar whose policy grants planner too much is noticed, and how it should have ended is said', async () => {
  const policy = DEMO_POLICY.replace(
    'planner: [invoices:read]',
    'planner: [invoices:read, invoices:write]',
  );
  const played = await playHere({ policy });
  expect(played.ok).toBe(false);
  const wrong = played.rows.filter(({ ok }) => !ok);
  expect(wrong.map(({ number }) => number)).toEqual([6, 7]);
  const drawn = drawRow(wrong[0]!, plain);
  expect(drawn).toContain('200 OK, the agent is told planner');
  expect(drawn).toContain('! should have ended: 403 SCOPE_MISSING at authorization');
  expect(drawn).toContain('! should not have reached the agent, and did');
  expect(drawSummary(played, plain)).toContain('7 of 9 ended where they should; otherwise: 6, 7\n');
});

test.each([
  {
    what: 'a kill switch that is off',
    policy: DEMO_POLICY.replace(', disabled: true', ''),
    wrong: [8],
  },
  {
    what: 'a valid call that is denied',
    policy: DEMO_POLICY.replace('billing: [invoices:read, ', 'billing: ['),
    wrong: [1],
  },
  {
    what: 'shadow mode, which lets through what should be denied',
    policy: DEMO_POLICY.replace('agents:', 'mode: shadow\nagents:'),
    wrong: [6, 7],
  },
])('$what is noticed', async ({ policy, wrong }) => {
  const { rows } = await playHere({ policy });
  expect(rows.filter(({ ok }) => !ok).map(({ number }) => number)).toEqual(wrong);
});

test('a caller that is known to the agent by another name than it should is noticed', async () => {
  const [row] = ROWS;
  const [attempt] = row!.attempts;
  const expected = { ...attempt.expected, agentTold: 'planner' };
  const { rows } = await playHere({ rows: [{ ...row!, attempts: [{ ...attempt, expected }] }] });
  expect(rows[0]?.calls[0]?.faults).toEqual([
    'x-sidegate-agent should have told the agent planner, and it alone',
    'x-forwarded-client-cert should have told the agent spiffe://acme.test/agent/planner alone',
  ]);
});

test('stopped half-way, it ends with 1 and leaves nothing', async () => {
  const before = process.env.TMPDIR;
  const TMPDIR = emptyTmp();
  process.env.TMPDIR = TMPDIR;
  onTestFinished(() => {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
  });
  const signals = handSignals();
  let rows = 0;
  const stop = (text: string): void => {
    if (/^\n \d /.test(text) && ++rows === 2) signals.send('SIGINT');
  };
  const { code, err } = await runIn(tmpdir(), ['demo'], { signals, out: stop });
  expect({ code, err }).toEqual({
    code: 1,
    err: 'sidegate: the demo was stopped; nothing is left of it\n',
  });
  expect(rows).toBe(2);
  expect(signals.listening()).toBe(0);
  expect(readdirSync(TMPDIR)).toEqual([]);
});

test('without a temporary folder it says so, and the remedy', async () => {
  const { code, err } = await runBin(tmpdir(), ['demo'], { TMPDIR: '/does/not/exist' });
  expect(code).toBe(2);
  expect(err).toBe(
    'sidegate: cannot make a temporary folder in /does/not/exist\n  Name another one with the variable TMPDIR.\n',
  );
});

test('colours change nothing but colours', async () => {
  const { rows } = await playHere({ rows: ROWS.slice(0, 2) });
  for (const row of rows) {
    const drawn = drawRow(row, coloured);
    expect(drawn).toContain('\u001b[');
    // eslint-disable-next-line no-control-regex
    expect(drawn.replace(/\u001b\[\d+m/g, '')).toBe(drawRow(row, plain));
  }
});
