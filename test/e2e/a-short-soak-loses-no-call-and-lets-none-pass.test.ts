import { expect, it } from 'vitest';
import { SHORT_SOAK } from '../../scripts/soak/options.ts';
import { soak } from '../../scripts/soak/soak.ts';

it('loses no call, refuses none that may pass and passes none that may not, whatever changes', async () => {
  const { faults, table } = await soak({ ...SHORT_SOAK, say: () => undefined });
  expect(faults, table.join('\n')).toEqual([]);
  expect(table).toContainEqual(expect.stringMatching(/^calls: OK /));
}, 60_000);
