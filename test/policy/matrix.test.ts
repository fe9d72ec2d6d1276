import { describe, expect, it } from 'vitest';
import { matrix, renderMatrix } from '../../src/policy/index.ts';
import { load } from './sample.ts';

const policy = load({
  agents: '  billing: [r, w]\n  planner: [r]\n  retired: { scopes: [r], disabled: true }',
  routes: '  GET /invoices: [r]\n  POST /invoices: [r, w]\n  GET /whoami: []',
});

describe('the matrix', () => {
  it('has every agent before every route, with what is missing', () => {
    const { rows } = matrix(policy);
    expect(rows.map(({ agent, cells }) => [agent.name, ...cells.map(({ code }) => code)])).toEqual([
      ['billing', 'OK', 'OK', 'OK'],
      ['planner', 'OK', 'SCOPE_MISSING', 'OK'],
      ['retired', 'AGENT_DISABLED', 'AGENT_DISABLED', 'AGENT_DISABLED'],
    ]);
    expect(rows[1]?.cells[1]?.missing).toEqual(['w']);
  });

  it('is drawn with the routes as heads where they fit', () => {
    expect(renderMatrix(matrix(policy), 80)).toBe(
      `
┌─────────┬───────────────┬────────────────┬─────────────┐
│         │ GET /invoices │ POST /invoices │ GET /whoami │
├─────────┼───────────────┼────────────────┼─────────────┤
│ billing │       ✓       │       ✓        │      ✓      │
│ planner │       ✓       │       ·        │      ✓      │
│ retired │       ×       │       ×        │      ×      │
└─────────┴───────────────┴────────────────┴─────────────┘

✓ allowed   · a scope is missing   × the agent is disabled`.trimStart(),
    );
  });

  it('is drawn with numbers and a legend where they do not', () => {
    expect(renderMatrix(matrix(policy), 30)).toBe(
      `
┌─────────┬───┬───┬───┐
│         │ 1 │ 2 │ 3 │
├─────────┼───┼───┼───┤
│ billing │ ✓ │ ✓ │ ✓ │
│ planner │ ✓ │ · │ ✓ │
│ retired │ × │ × │ × │
└─────────┴───┴───┴───┘

   1  GET /invoices
   2  POST /invoices
   3  GET /whoami

✓ allowed   · a scope is missing   × the agent is disabled`.trimStart(),
    );
  });

  it('goes on below where even the numbers do not fit: no line of the table is wider than asked', () => {
    const keys = Array.from({ length: 40 }, (_, index) => `  GET /r${index}: []`);
    const wide = matrix(load({ agents: '  a: []\n  b: []', routes: keys.join('\n') }));
    const drawn = renderMatrix(wide, 60).split('\n');
    expect(Math.max(...drawn.map((line) => line.length))).toBeLessThanOrEqual(60);
    expect(drawn.filter((line) => line.startsWith('┌')).length).toBeGreaterThan(1);
    expect(drawn.join('\n').match(/✓/g)).toHaveLength(2 * 40 + 1);
  });

  it('says below which routes may start tasks', () => {
    const tasks = load({
      head: 'issuers:\n  sts: { issuer: https://sts.test, keys: { file: a.json } }\n',
      agents: '  billing: [r]',
      routes: '  GET /a: [r]\n  POST /runs: { scopes: [r], onBehalfOf: required, tasks: 24h }',
    });
    for (const width of [20, 100])
      expect(renderMatrix(matrix(tasks), width).split('\n').at(-1)).toBe(
        'POST /runs may start tasks of 1d',
      );
  });

  it('marks what takes a token, and what takes somebody on whose behalf, of what the agent could do', () => {
    const tokens = load({
      head: 'issuers:\n  sts: { issuer: https://sts.test, keys: { file: a.json } }\n',
      agents: '  billing: [r, w]\n  planner: [r]',
      routes: `  GET /a: { scopes: [r], token: required }
  GET /b: { scopes: [r], token: optional, withoutToken: [r] }
  POST /c: { scopes: [r, w], onBehalfOf: required }`,
    });
    expect(renderMatrix(matrix(tokens), 80)).toBe(
      `
┌─────────┬────────┬────────┬─────────┐
│         │ GET /a │ GET /b │ POST /c │
├─────────┼────────┼────────┼─────────┤
│ billing │   t    │   ✓    │    s    │
│ planner │   t    │   ✓    │    ·    │
└─────────┴────────┴────────┴─────────┘

✓ allowed   · a scope is missing   × the agent is disabled
t with a token   s with a token, on somebody's behalf`.trimStart(),
    );
    expect(matrix(tokens).rows[1]?.cells[2]).toEqual({
      code: 'TOKEN_MISSING',
      missing: ['w'],
      needs: undefined,
    });
  });

  it('of nothing is a table all the same', () => {
    expect(renderMatrix(matrix(load({})))).toContain('┌');
  });
});
