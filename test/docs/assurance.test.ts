import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { HOME, readPage, rowsOf } from './page.ts';

const page = readPage('docs/assurance.md');

/** A file in backticks, and the names of its tests that follow in quotes. */
const named = [...page.matchAll(/`(test\/[\w./-]+\.test\.ts)`((?:[:,] “[^”]+”)*)/g)].map(
  ([, file = '', names = '']) => ({
    file,
    names: [...names.matchAll(/“([^”]+)”/g)].map((match) => match[1] ?? ''),
  }),
);

describe('docs/assurance.md', () => {
  it('names tests at all', () => {
    expect(named.length).toBeGreaterThan(30);
  });

  it('names no file that is not there', () => {
    expect(named.map(({ file }) => file).filter((file) => !existsSync(join(HOME, file)))).toEqual(
      [],
    );
  });

  it('names no test that its file has not', () => {
    const missing = named.flatMap(({ file, names }) => {
      const text = existsSync(join(HOME, file)) ? readFileSync(join(HOME, file), 'utf8') : '';
      return names.filter((name) => !text.includes(name)).map((name) => `${file}: ${name}`);
    });
    expect(missing).toEqual([]);
  });

  it('has for every scenario a test or a reason', () => {
    const [scenarios = ''] = page.split('## The soak');
    const rows = rowsOf(scenarios).filter(([, here = '']) => !here.startsWith('-'));
    const answered = /`test\/|not apply|end-to-end test|^here$/;
    const empty = rows.filter(([, here = '']) => !answered.test(here));
    expect(rows.length).toBeGreaterThan(30);
    expect(empty).toEqual([]);
  });
});
