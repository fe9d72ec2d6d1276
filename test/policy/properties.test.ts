import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SourceFaults } from '../../src/lib/index.ts';
import { explain, judge, loadPolicy, matrix, type Policy } from '../../src/policy/index.ts';
import {
  build,
  call,
  nameOf,
  policySketch,
  routes,
  withoutClashes,
  type Call,
} from './arbitrary.ts';
import { policyText } from './sample.ts';

function answer(policy: Policy, as: string, one: Call): string {
  const { code, decision } = judge(policy, { as, ...one });
  return code === 'OK' ? `OK by ${decision.rule?.name ?? ''}` : code;
}

describe('every policy', () => {
  it('that gets one more route changes its decisions only for calls which that route wins', () => {
    let changed = 0;
    fc.assert(
      fc.property(
        policySketch,
        routes(1),
        fc.array(call, { minLength: 30 }),
        (sketch, more, calls) => {
          const all = withoutClashes([...sketch.routes, ...more]);
          fc.pre(all.length > sketch.routes.length);
          const added = all.at(-1)!;
          const [before, after] = [build(sketch), build({ ...sketch, routes: all })];
          for (const { name } of sketch.agents) {
            for (const one of calls) {
              const [was, is] = [answer(before, name, one), answer(after, name, one)];
              if (was === is) continue;
              changed += 1;
              // A path can be ambiguous because of the new route, or be won by it and ambiguous because of another.
              const denial = after.route(one);
              const rule = 'allowed' in denial ? denial.rule?.name : undefined;
              const won = after.paths.find(one.path)?.template.text === added.template;
              expect(won || rule === nameOf(added)).toBe(true);
              if (is.startsWith('OK')) expect(is).toBe(`OK by ${nameOf(added)}`);
            }
          }
        },
      ),
      { numRuns: 500 },
    );

    expect(changed).toBeGreaterThan(100);
  });

  it('that takes a scope from an agent turns no denial into an allow', () => {
    fc.assert(
      fc.property(policySketch, call, fc.nat(), fc.nat(), (sketch, one, who, which) => {
        const agent = sketch.agents[who % Math.max(1, sketch.agents.length)];
        fc.pre(agent !== undefined && agent.scopes.length > 0);
        const scopes = agent.scopes.toSpliced(which % agent.scopes.length, 1);
        const agents = sketch.agents.map((other) =>
          other === agent ? { ...agent, scopes } : other,
        );
        const [before, after] = [build(sketch), build({ ...sketch, agents })];
        if (judge(before, { as: agent.name, ...one }).decision.allowed) return;
        expect(judge(after, { as: agent.name, ...one }).decision.allowed).toBe(false);
      }),
      { numRuns: 200 },
    );
  });

  it('says the same by decide, explain and matrix', () => {
    fc.assert(
      fc.property(policySketch, fc.array(call, { minLength: 5 }), (sketch, calls) => {
        const policy = build(sketch);
        const table = matrix(policy);
        for (const { agent, cells } of table.rows) {
          for (const one of calls) {
            const route = policy.route(one);
            const explained = explain(policy, { as: agent.name, ...one });
            if (agent.disabled) expect(explained.code).toBe('AGENT_DISABLED');
            else if ('allowed' in route) expect(explained.code).toBe(route.code);
            if ('allowed' in route) continue;
            const decision = policy.decide(agent, route);
            const cell = cells[table.routes.indexOf(route)];
            expect(cell?.code).toBe(decision.allowed ? 'OK' : decision.code);
            expect(explained.code).toBe(cell?.code);
            expect(explained.allowed).toBe(decision.allowed);
          }
        }
      }),
      { numRuns: 100 },
    );
  });

  it('allows only an enabled agent that holds each scope, word for word or by its family', () => {
    fc.assert(
      fc.property(policySketch, call, (sketch, one) => {
        const policy = build(sketch);
        for (const agent of sketch.agents) {
          const { decision } = judge(policy, { as: agent.name, ...one });
          if (!decision.allowed) continue;
          expect(agent.disabled).toBe(false);
          const holds = (scope: string) =>
            agent.scopes.some((held) =>
              held.endsWith('*') ? scope.startsWith(held.slice(0, -1)) : held === scope,
            );
          expect(decision.scopes.every(holds)).toBe(true);
          expect(decision.scopes).toBe(decision.rule.scopes);
        }
      }),
      { numRuns: 250 },
    );
  });
});

describe('whatever the text, loading it', () => {
  const loads = (text: string) => {
    try {
      loadPolicy(text, 'policy.yaml');
    } catch (error) {
      expect(error).toBeInstanceOf(SourceFaults);
      if (error instanceof SourceFaults) expect(error.render()).toContain('policy.yaml');
    }
  };
  const good = policyText({
    agents: `  a: [s, 'x:*']\n  b: { id: spiffe://b.test/c, scopes: [], disabled: true }`,
    routes: `  GET,POST /a/{b}: { scopes: [s], rate: 20/s, until: 2026-09-30, mode: shadow }\n  GET /c/**: [s]`,
  });

  it('gives a policy or SourceFaults, never another error: any text', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), loads), { numRuns: 200 });
  });

  it('gives a policy or SourceFaults, never another error: any value', () => {
    const value = fc
      .anything({ withNullPrototype: false, maxDepth: 4 })
      .map((one) => JSON.stringify([one]).slice(1, -1));
    fc.assert(fc.property(value, loads), { numRuns: 200 });
    const section = fc.dictionary(fc.string(), fc.jsonValue());
    const file = fc.record({
      version: fc.constant(1),
      trustDomain: fc.string(),
      agents: section,
      routes: section,
    });
    fc.assert(
      fc.property(
        file.map((one) => JSON.stringify(one)),
        loads,
      ),
      { numRuns: 200 },
    );
  });

  it('gives a policy or SourceFaults, never another error: a good file with slips', () => {
    const slip = fc.tuple(
      fc.nat(good.length),
      fc.nat(4),
      fc.string({
        maxLength: 3,
        unit: fc.constantFrom(
          ...'{ } [ ] : , * & ! | > \' " # - a b / %'.split(' '),
          ' ',
          '\n',
          '\t',
        ),
      }),
    );
    fc.assert(
      fc.property(fc.array(slip, { minLength: 1, maxLength: 4 }), (slips) => {
        loads(
          slips.reduce(
            (text, [at, cut, put]) => text.slice(0, at) + put + text.slice(at + cut),
            good,
          ),
        );
      }),
      { numRuns: 300 },
    );
  });

  it('gives SourceFaults for brackets without end', () => {
    for (const bracket of ['[', '{', '{a: ', '- ', '? ']) {
      for (const depth of [500, 1500]) loads(bracket.repeat(depth));
    }
  });
});
