import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readFile, readText, writeFileAtomic } from '../../src/files/index.ts';
import { OperatorFault } from '../../src/lib/index.ts';

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'sidegate-files-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

function fault(run: () => unknown): OperatorFault {
  try {
    run();
  } catch (error) {
    if (error instanceof OperatorFault) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

const USE = { what: 'the policy', ifMissing: 'Make one.' };

describe('writing', () => {
  it('gives a file its mode and leaves nothing else behind', () => {
    const home = folder();
    writeFileAtomic(join(home, 'a/key'), 'secret', { mode: 0o600, existing: 'refuse' });
    expect(readFileSync(join(home, 'a/key'), 'utf8')).toBe('secret');
    expect(statSync(join(home, 'a/key')).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(home, 'a'))).toEqual(['key']);
  });

  it('never touches a file that is there unless it may replace it', () => {
    const file = join(folder(), 'key');
    writeFileSync(file, 'old');
    const refused = fault(() => writeFileAtomic(file, 'new', { mode: 0o600, existing: 'refuse' }));
    expect(refused.message).toContain('is there already');
    expect(readFileSync(file, 'utf8')).toBe('old');
    writeFileAtomic(file, 'new', { mode: 0o600, existing: 'replace' });
    expect(readFileSync(file, 'utf8')).toBe('new');
  });

  it('into a path that goes through a file is told as what it is', () => {
    const home = folder();
    writeFileSync(join(home, 'file'), '');
    for (const name of ['file/key', 'file/sub/key']) {
      const write = () =>
        writeFileAtomic(join(home, name), 'x', { mode: 0o600, existing: 'refuse' });
      expect(fault(write).message).toMatch(/cannot write .*key: the system said (ENOTDIR|EEXIST)$/);
    }
    expect(readdirSync(home)).toEqual(['file']);
  });
});

describe('reading', () => {
  it.each([
    ['a missing file', 'missing', /no such file/, 'Make one.'],
    ['a folder', 'folder', /it is a folder/, 'Check the path.'],
    ['a path through a file', 'text/x', /not a folder/, 'Check the path.'],
    ['bytes that are no UTF-8', 'latin', /not UTF-8/, 'Save the file as UTF-8.'],
    ['a huge file', 'huge', /more than 16 MiB/, 'Check that this is the file you meant.'],
  ])('%s is one sentence with its remedy', (_, name, message, remedy) => {
    const home = folder();
    mkdirSync(join(home, 'folder'));
    writeFileSync(join(home, 'text'), 'x');
    writeFileSync(join(home, 'latin'), Buffer.from([0x61, 0xff]));
    writeFileSync(join(home, 'huge'), Buffer.alloc(17 * 1024 * 1024));
    const refused = fault(() => readText(join(home, name), USE));
    expect(refused.message).toMatch(message);
    expect(refused.remedy).toBe(remedy);
  });

  it('gives the bytes as they are', () => {
    const home = folder();
    writeFileSync(join(home, 'b'), Buffer.from([0, 255]));
    expect([...readFile(join(home, 'b'), USE)]).toEqual([0, 255]);
  });
});
