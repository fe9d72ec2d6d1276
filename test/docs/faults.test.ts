import { describe, expect, it } from 'vitest';
import { faultsPage } from '../../scripts/faults-page.ts';
import { DEPENDENCIES, type Dependency } from '../../src/app/index.ts';
import { FAILURES } from '../../src/call/index.ts';
import { metricsRows } from './metrics-table.ts';
import { readPage } from './page.ts';

const ROWS = Object.entries<Dependency>(DEPENDENCIES);

describe('docs/faults.md', () => {
  it('is what the table says: run npm run pages after changing it', () => {
    expect(readPage('docs/faults.md')).toBe(faultsPage());
  });

  it.each(ROWS)(
    '%s has whole sentences, a metric that exists and codes that shadow mode keeps',
    async (_, row) => {
      for (const text of [row.fresh, row.otherwise, row.recovers]) expect(text).toMatch(/\.$/);
      const known = (await metricsRows()).map(([name]) => name);
      expect(row.metrics.length).toBeGreaterThan(0);
      for (const metric of row.metrics)
        expect(known).toContain(`\`${metric.replace(/\{.*/, '')}\``);
      expect(row.codes.filter((code) => FAILURES[code].softened)).toEqual([]);
    },
  );
});
