import { tmpdir } from 'node:os';
import { describe, expect, test } from 'vitest';
import { COMMANDS } from '../../src/cli/commands.ts';
import { runBin, runIn } from './sandbox.ts';

const CA = ['init', 'mint', 'renew', 'revoke', 'list', 'show'].map((name) => ['ca', name]);
const AUDIT = ['verify', 'query'].map((name) => ['audit', name]);
const TOKENS = [
  ['token', 'keys'],
  ['token', 'mint'],
  ['grants', 'list'],
  ['grants', 'revoke'],
];
const ALL: readonly (readonly string[])[] = [
  ...COMMANDS.map(({ name }) => [name]),
  ...CA,
  ...AUDIT,
  ...TOKENS,
];
/** Some are only names of others; some serve, and their lines are JSON wherever nobody looks. */
const WITHOUT_ANSWER: ReadonlySet<string> = new Set([
  'audit',
  'ca',
  'grants',
  'run',
  'sts',
  'token',
]);
const help = (...args: readonly string[]) => runIn(tmpdir(), args);

describe('the help', () => {
  test('lists every command under its group, on standard output', async () => {
    const { code, out, err } = await runBin(tmpdir(), ['--help']);
    expect(code).toBe(0);
    expect(err).toBe('');
    for (const { name, group } of COMMANDS) {
      expect(out).toContain(`\n${group}\n`);
      expect(out).toMatch(new RegExp(`^  ${name} `, 'm'));
    }
  });

  test.each(ALL)('of %s %s shows an example and --json', async (...name) => {
    const words = name.filter((word) => typeof word === 'string');
    const { code, out, err } = await help(...words, '--help');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain(`Usage: sidegate ${words.join(' ')}`);
    const [, examples = ''] = out.split(/^Examples?:$/m);
    expect(examples).toContain(`sidegate ${words.join(' ')}`);
    if (!WITHOUT_ANSWER.has(words.join(' '))) expect(out).toContain('--json');
  });

  test('of a command is the same by `help COMMAND`', async () => {
    expect(await help('help', 'explain')).toEqual(await help('explain', '--help'));
    expect(await help('ca', 'help', 'mint')).toEqual(await help('ca', 'mint', '--help'));
  });

  test('is shown, as a fault of usage, when no command is given', async () => {
    for (const args of [[], ['ca']]) {
      const { code, out, err } = await help(...args);
      expect({ code, out }).toEqual({ code: 2, out: '' });
      expect(err).toContain('Usage: sidegate');
    }
  });

  test('is never wider than the terminal', async () => {
    const { out } = await runIn(tmpdir(), ['--help'], { columns: 60 });
    const [usage = ''] = out.split('Example:');
    expect(Math.max(...usage.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  });
});

test('every command of the list is called there as it calls itself', async () => {
  for (const { name, load } of COMMANDS) {
    const terminal = { columns: 80 } as Parameters<typeof load>[0];
    expect((await load(terminal)).name()).toBe(name);
  }
});

test('--version prints the version of the package alone', async () => {
  const { code, out } = await help('--version');
  expect(code).toBe(0);
  expect(out).toMatch(/^\d+\.\d+\.\d+\n$/);
});
