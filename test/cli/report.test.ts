import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { ExitWith, report, type Terminal } from '../../src/cli/index.ts';
import { OperatorFault, SourceFaults } from '../../src/lib/index.ts';
import { BIN, newSandbox } from './sandbox.ts';

function told(error: unknown, env: Terminal['env'] = {}) {
  let err = '';
  const terminal = { err: (text: string) => void (err += text), env, cwd: '/home/me/gate' };
  const code = report(terminal as Terminal, error);
  return { code, err };
}

describe('the end of a command', () => {
  test('is its fault and the remedy, for a fault of the operator', () => {
    const fault = new OperatorFault('it is broken', 'Mend it.', { exitCode: 1 });
    expect(told(fault)).toEqual({ code: 1, err: 'sidegate: it is broken\n  Mend it.\n' });
  });

  test('is every fault of a file, each with its line and caret', () => {
    const at = { file: '/home/me/gate/policy.yaml', line: 2, column: 3, text: '  x: 1' };
    const fault = { at, message: 'wrong', remedy: 'Mend it.' };
    const { code, err } = told(new SourceFaults([fault, { ...fault, message: 'also wrong' }]));
    expect(code).toBe(2);
    expect(err).toContain(
      'policy.yaml:2:3: wrong\n  2 |   x: 1\n    |   ^\n  Mend it.\n\npolicy.yaml:2:3: also wrong',
    );
    expect(err).not.toContain('/home/me');
  });

  test('is only its exit code, where everything was said', () => {
    expect(told(new ExitWith(1))).toEqual({ code: 1, err: '' });
  });

  test('is one sentence without a stack, for an error that nobody foresaw', () => {
    const { code, err } = told(new TypeError('a bug'));
    expect(code).toBe(1);
    expect(err).toMatch(/^sidegate: .*: a bug\n {2}This is a defect: please report it\..*\n$/);
    expect(err).not.toMatch(/\n\s+at /);
  });

  test('has the stack if it is asked for', () => {
    expect(told(new TypeError('a bug'), { SIDEGATE_DEBUG: '1' }).err).toMatch(
      /\n\s+at .*report\.test/,
    );
  });

  test('cannot steer the terminal, whatever stands in a file', () => {
    const { err } = told(new OperatorFault('a\u001b[2Jb\u202e', 'x\u009b'));
    expect(err).toBe('sidegate: a\\u{1b}[2Jb\\u{202e}\n  x\\u{9b}\n');
  });
});

test('a reader who stops reading is no fault', async () => {
  const box = newSandbox();
  await box.run('ca', 'init');
  const child = spawn(process.execPath, [BIN, 'ca', 'list'], {
    cwd: box.folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.destroy();
  let err = '';
  child.stderr.on('data', (data: Buffer) => (err += data.toString()));
  const [code] = (await once(child, 'close')) as [number];
  expect({ code, err }).toEqual({ code: 0, err: '' });
});

test('the real program ends as a command does in a test', async () => {
  const box = newSandbox();
  for (const args of [['explian'], ['matrix'], ['ca', 'list'], ['why'], []])
    expect(await box.bin(...args)).toEqual(await box.runWith({ columns: 80 }, ...args));
});
