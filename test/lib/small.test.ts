import { describe, expect, it } from 'vitest';
import {
  OperatorFault,
  Reloadable,
  SourceFaults,
  closest,
  parseBytes,
  parseDuration,
  renderCaret,
} from '../../src/lib/index.ts';

describe('amounts', () => {
  it.each([
    ['1B', 1],
    ['16KiB', 16_384],
    ['4GiB', 4 * 1024 ** 3],
    ['0B', 0],
  ])('%s is %d bytes', (text, bytes) => expect(parseBytes(text)).toBe(bytes));

  it.each([
    ['250ms', 250],
    ['10s', 10_000],
    ['5m', 300_000],
    ['24h', 86_400_000],
    ['7d', 604_800_000],
  ])('%s is %d milliseconds', (text, ms) => expect(parseDuration(text)).toBe(ms));

  it.each([
    '',
    '10',
    '10 s',
    '-1s',
    '1.5s',
    '1e3s',
    '10S',
    '1kb',
    '1KB',
    's',
    '99999999999s',
    '1__proto__',
  ])('%j is no amount', (text) => {
    expect(parseBytes(text)).toBeUndefined();
    expect(parseDuration(text)).toBeUndefined();
  });
});

describe('what was probably meant', () => {
  it.each([
    ['polcy', 'policy'],
    ['Policy', 'policy'],
    ['invoices:wirte', 'invoices:write'],
  ])('%s is %s', (word, meant) => {
    expect(closest(word, ['policy', 'limits', 'invoices:write'])).toBe(meant);
  });

  it('a word that is near to nothing has no neighbour', () => {
    expect(closest('elephant', ['policy', 'limits'])).toBeUndefined();
    expect(closest('x', [])).toBeUndefined();
  });
});

describe('faults', () => {
  it('the caret stands under the column, also behind tabs', () => {
    const at = { file: 'f', line: 12, column: 3, text: '\t\tx: 1' };
    expect(renderCaret(at)).toBe('  12 | \t\tx: 1\n     | \t\t^');
  });

  it('several are told together, in the order of their lines, the exit code is 2', () => {
    const at = (line: number) => ({ file: 'f', line, column: 1, text: 'x' });
    const faults = new SourceFaults([
      { at: at(9), message: 'later', remedy: 'b' },
      { at: at(2), message: 'sooner', remedy: 'a' },
    ]);
    expect(faults.message).toBe('f:9:1: later (and 1 more)');
    expect(faults.render().indexOf('sooner')).toBeLessThan(faults.render().indexOf('later'));
    expect(faults.exitCode).toBe(2);
    expect(new OperatorFault('a', 'b', { exitCode: 1 }).exitCode).toBe(1);
  });
});

describe('a reloadable value', () => {
  it('is swapped in one step, and whoever listens hears of it', () => {
    const value = new Reloadable('old');
    const heard: string[] = [];
    value.onSwap((next) => heard.push(`${next} ${value.current}`));
    value.swap('new');
    expect(value.current).toBe('new');
    expect(heard).toEqual(['new new']);
  });
});
