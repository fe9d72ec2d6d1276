import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { SHORT_SOAK } from '../../scripts/soak/options.ts';
import { soak } from '../../scripts/soak/soak.ts';

const children = (): number =>
  process.getActiveResourcesInfo().filter((what) => what === 'ProcessWrap').length;

it('loses no call, refuses none that may pass and passes none that may not, whatever changes', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sidegate-short-soak-'));
  vi.stubEnv('TMPDIR', folder);
  onTestFinished(() => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true, force: true });
  });
  const before = children();
  const { faults, table } = await soak({ ...SHORT_SOAK, say: () => undefined });
  expect(faults, table.join('\n')).toEqual([]);
  expect(table).toContainEqual(expect.stringMatching(/^calls: OK +\d/));
  expect(readdirSync(folder)).toEqual([]);
  expect(children()).toBe(before);
});
