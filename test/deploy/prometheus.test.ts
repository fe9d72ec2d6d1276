import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readYaml } from '../../src/lib/index.ts';
import { blocksOf, namesIn, readPage, regionOf, rowsOf } from '../docs/page.ts';
import { until, world } from '../support/harness.ts';
import { FOLDER, hasPrometheus, startPrometheus, type Sample } from './support/prometheus.ts';

const page = readPage('docs/operations.md');
const queries = blocksOf(page)
  .filter(({ language }) => language === 'promql')
  .map(({ text }) => text.trim());

function plain(file: string): unknown {
  return readYaml(readFileSync(join(FOLDER, file), 'utf8'), file).value;
}

const rules = (
  plain('alerts.yml') as { groups: { rules: { alert: string; expr: string }[] }[] }
).groups.flatMap((group) => group.rules);

describe('the alerts', () => {
  test('are those of the page, and each has a test of its own', () => {
    const named = rowsOf(regionOf(page, 'alerts')).flatMap(([cell = '']) => namesIn(cell));
    expect(named).toEqual(rules.map(({ alert }) => alert));
    const tests = readFileSync(join(FOLDER, 'alerts.test.yml'), 'utf8').replace(
      'SidegateAudit.*',
      'SidegateAuditFull',
    );
    expect(named.filter((name) => !tests.includes(name))).toEqual([]);
  });

  test('ask only for metrics that exist', () => {
    const known = new Set(
      rowsOf(regionOf(readPage('docs/configuration.md'), 'metrics')).flatMap(([cell = '']) =>
        namesIn(cell),
      ),
    );
    const asked = [...rules.map(({ expr }) => expr), ...queries, dashboard()].flatMap((text) => [
      ...text.matchAll(/\bsidegate_\w+/g),
    ]);
    const names = new Set(asked.map(([name]) => name.replace(/_(bucket|count|sum)$/, '')));
    expect(names.size).toBeGreaterThan(8);
    expect([...names].filter((name) => !known.has(name))).toEqual([]);
  });

  test.skipIf(!hasPrometheus)('pass promtool (skipped where it is not installed)', () => {
    for (const args of [
      ['check', 'config', 'prometheus.yml'],
      ['check', 'rules', 'alerts.yml'],
      ['test', 'rules', 'alerts.test.yml'],
    ]) {
      const { status, stdout, stderr } = spawnSync('promtool', args, {
        cwd: FOLDER,
        encoding: 'utf8',
      });
      expect({ status, said: `${stdout}${stderr}` }).toEqual({
        status: 0,
        said: `${stdout}${stderr}`,
      });
    }
  });
});

function dashboard(): string {
  return readFileSync(join(FOLDER, '../grafana/dashboard.json'), 'utf8');
}

/** The expressions of the dashboard's panels. */
function panelsOf(text: string): readonly string[] {
  const { panels } = JSON.parse(text) as { panels: { targets?: { expr: string }[] }[] };
  return panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
}

describe.skipIf(!hasPrometheus)('a real Prometheus (skipped where it is not installed)', () => {
  test('scrapes a sidecar, answers the queries of the page, and understands the dashboard', async () => {
    const here = await world();
    const { status } = here.sidecar;
    if (status?.kind !== 'tcp') throw new TypeError('the world has a status server');
    const prometheus = await startPrometheus(`127.0.0.1:${status.port}`);
    await until(async () => ((await prometheus.ask('up == 1')).length > 0 ? true : undefined));
    const answers = new Map<string, readonly Sample[]>();
    // A counter has to be seen twice before its rate is known.
    await until(async () => {
      await here.call({ as: 'billing', path: '/invoices' });
      await here.call({ as: 'planner', method: 'POST', path: '/invoices', body: '{}' });
      await here.call({ path: '/invoices' });
      for (const query of queries) answers.set(query, meaningful(await prometheus.ask(query)));
      return [...answers.values()].every((samples) => samples.length > 0) ? true : undefined;
    });
    const [denied, calls, overhead, hours, refused] = queries.map((query) => answers.get(query)!);
    expect(queries).toHaveLength(5);
    expect(denied![0]!.metric).toEqual({
      agent: 'planner',
      route: 'POST /invoices',
      code: 'SCOPE_MISSING',
    });
    expect(calls!.map(({ metric }) => `${metric.agent} ${metric.decision}`).toSorted()).toEqual([
      'billing allow',
      'planner deny',
    ]);
    expect(Number(overhead![0]!.value[1])).toBeLessThan(2);
    expect(Number(hours![0]!.value[1])).toBeGreaterThan(0);
    expect(refused![0]!.metric).toEqual({ result: 'NO_CERTIFICATE' });
    const loaded = (await prometheus.get('/api/v1/rules')) as {
      groups: { rules: { health: string }[] }[];
    };
    expect(loaded.groups.flatMap((group) => group.rules)).toHaveLength(rules.length);
    for (const expr of panelsOf(dashboard())) {
      const asked = expr.replaceAll('$__rate_interval', '5m').replaceAll('$instance', '.*');
      expect(
        await prometheus.get(`/api/v1/query?query=${encodeURIComponent(asked)}`),
        asked,
      ).toBeDefined();
    }
  });
});

function meaningful(samples: readonly Sample[]): readonly Sample[] {
  return samples.filter(({ value }) => Number(value[1]) > 0);
}
