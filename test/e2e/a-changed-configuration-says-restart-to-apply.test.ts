import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { world } from '../support/harness.ts';
import { startProcess } from '../support/process.ts';

it('a sidegate.yaml that is changed while it runs is told of once, and changes nothing', async () => {
  const w = await world();
  const one = startProcess(w);
  await one.port();
  const file = join(w.folder, 'sidegate.yaml');
  appendFileSync(file, 'nonsense: true\n');
  await one.saying(/sidegate\.yaml has changed, and is read only at start: restart to apply/);
  appendFileSync(file, 'more: nonsense\n');
  w.write('policy.yaml', 'version: 1\n');
  await one.saying(/policy could not be loaded/);
  one.child.kill('SIGTERM');
  expect(await one.ended).toBe(0);
  expect(one.said().match(/restart to apply/g)).toHaveLength(1);
});
