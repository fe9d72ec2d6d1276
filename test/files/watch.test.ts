import {
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { watchFiles } from '../../src/files/index.ts';

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'sidegate-watch-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

function watched(files: readonly string[]) {
  const changes: (() => void)[] = [];
  let count = 0;
  const watch = watchFiles(files, () => {
    count += 1;
    changes.shift()?.();
  });
  onTestFinished(() => watch.close());
  return {
    count: () => count,
    next: () => new Promise<void>((resolve) => changes.push(resolve)),
  };
}

it('a file that is written, replaced by a rename, removed or made again is noticed', async () => {
  const home = folder();
  const file = join(home, 'policy.yaml');
  writeFileSync(file, 'one');
  const { next } = watched([file]);
  let change = next();
  writeFileSync(file, 'two');
  await change;
  change = next();
  writeFileSync(`${file}.tmp`, 'three');
  renameSync(`${file}.tmp`, file);
  await change;
  change = next();
  rmSync(file);
  await change;
  change = next();
  writeFileSync(file, 'four');
  await change;
});

it('the way in which Kubernetes swaps a mounted folder is noticed', async () => {
  const home = folder();
  for (const version of ['1', '2']) {
    mkdirSync(join(home, `..${version}`));
    writeFileSync(join(home, `..${version}/tls.crt`), version);
  }
  symlinkSync('..1', join(home, '..data'));
  symlinkSync('..data/tls.crt', join(home, 'tls.crt'));
  const { next } = watched([join(home, 'tls.crt')]);
  const change = next();
  symlinkSync('..2', join(home, '..data_tmp'));
  renameSync(join(home, '..data_tmp'), join(home, '..data'));
  await change;
});

it('a file that is only touched is no change', async () => {
  const home = folder();
  const [file, other] = [join(home, 'a'), join(home, 'b')];
  writeFileSync(file, 'same');
  writeFileSync(other, 'one');
  const { next, count } = watched([file, other]);
  utimesSync(file, 1, 1);
  writeFileSync(file, 'same');
  const change = next();
  writeFileSync(other, 'two');
  await change;
  expect(count()).toBe(1);
});
