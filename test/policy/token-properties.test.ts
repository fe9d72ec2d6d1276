import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { explain, judge, matrix, type Policy } from '../../src/policy/index.ts';
import {
  UNIVERSE,
  build,
  idOf,
  sketch,
  someone,
  token,
  verified,
  type Sketch,
  type TokenSketch,
  type Who,
} from './token-arbitrary.ts';
import { known, reference } from './token-reference.ts';

const NAME = 'one';
/** Of this run. Every property gets the same policies, so that each is read and compiled once. */
const SEED = Math.trunc(Math.random() * 2 ** 31);
const built = new Map<string, Policy>();

interface Sample {
  readonly policy: Policy;
  readonly one: Sketch;
  readonly sent: TokenSketch;
  /** Whoever is put into the token, or any number that the property needs. */
  readonly actor: Who;
  readonly at: number;
}

const samples = fc.array(fc.record({ sent: token, actor: someone, at: fc.nat() }), {
  minLength: 10,
  maxLength: 20,
});

/**
 * Holds a property against many tokens of many policies. What it returns says whether the sample is one that it is
 * about; if there are few of these, the generator has dried up and the property proves nothing.
 */
function check(holds: (sample: Sample) => boolean, change = (one: Sketch): Sketch => one): void {
  let met = 0;
  fc.assert(
    fc.property(sketch, samples, (plain, all) => {
      const one = change(plain);
      const policy = policyOf(one);
      for (const sample of all) if (holds({ policy, one, ...sample })) met += 1;
    }),
    { numRuns: 300, seed: SEED },
  );
  expect(met).toBeGreaterThan(100);
}

function policyOf(one: Sketch): Policy {
  const key = JSON.stringify(one);
  const policy = built.get(key) ?? build(one);
  built.set(key, policy);
  return policy;
}

function answer(policy: Policy, sent: TokenSketch | undefined, name = NAME): string {
  const [agent, route] = [policy.agentNamed(name)!, policy.routes[0]!];
  const decision = policy.decide(agent, route, sent && verified(policy, name, sent));
  return decision.allowed ? 'OK' : decision.code;
}

function asked({ subject: [issuer, subject], behind, scopes }: TokenSketch) {
  const via = behind.map(([by, whom]) => `${by}/${whom}`).toReversed();
  const words = { for: `${issuer}/${subject}`, scopes, via };
  return { as: NAME, method: 'GET', path: '/x', token: words };
}

describe('whatever the policy and the token', () => {
  it('decide answers as the rules do when they are read word for word', () => {
    const seen = new Map<string, number>();
    const look = (policy: Policy, one: Sketch, sent: TokenSketch | undefined) => {
      const expected = reference(one, NAME, sent);
      expect(answer(policy, sent), JSON.stringify(sent)).toBe(expected);
      seen.set(expected, (seen.get(expected) ?? 0) + 1);
    };
    check(({ policy, one, sent, at }) => {
      look(policy, one, at % 5 === 0 ? undefined : sent);
      return true;
    });

    for (const code of [
      'OK',
      'AGENT_DISABLED',
      'TOKEN_MISSING',
      'TOKEN_NOT_TAKEN',
      'TOKEN_UNTRUSTED',
      'SCOPE_MISSING',
      'DELEGATION_REQUIRED',
      'DELEGATION_FORBIDDEN',
      'DELEGATION_SUBJECT_REFUSED',
      'DELEGATION_TOO_DEEP',
      'DELEGATION_LOOP',
      'DELEGATION_ACTOR_REFUSED',
    ])
      expect(seen.get(code) ?? 0, code).toBeGreaterThan(20);
  });

  it('one more actor in the chain never turns a denial into an allow', () => {
    check(({ policy, sent, actor, at }) => {
      const behind = sent.behind.toSpliced(at % (sent.behind.length + 1), 0, actor);
      const allowed = answer(policy, sent) === 'OK';
      if (answer(policy, { ...sent, behind }) === 'OK') expect(allowed).toBe(true);
      return allowed;
    });
  });

  it('one scope less in the token never turns a denial into an allow', () => {
    check(({ policy, sent, at }) => {
      const scopes = sent.scopes.toSpliced(at % Math.max(1, sent.scopes.length), 1);
      const allowed = answer(policy, sent) === 'OK';
      if (answer(policy, { ...sent, scopes }) === 'OK') expect(allowed).toBe(true);
      return allowed;
    });
  });

  it('no token gives an agent a scope that it does not hold itself', () => {
    check(({ policy, one, sent }) => {
      const lacks = !policy.agentNamed(NAME)!.grants.coversAll(one.rule.scopes);
      if (lacks) expect(answer(policy, sent)).not.toBe('OK');
      return lacks;
    });
  });

  it('leaving the token out never gives more than sending one that the route takes', () => {
    check(({ policy, one, sent }) => {
      if (answer(policy, undefined) !== 'OK' || one.rule.token === 'forbidden') return false;
      const code = answer(policy, sent);
      expect(['SCOPE_MISSING', 'TOKEN_MISSING']).not.toContain(code);
      return code === 'OK';
    });
  });

  it('leaving the subject out never gives more than naming one that the route takes', () => {
    check(({ policy, one, sent }) => {
      if (known(one, sent.subject)?.name === NAME) return false;
      if (answer(policy, { ...sent, subject: ['sts', idOf(NAME)] }) !== 'OK') return false;
      const code = answer(policy, sent);
      expect(['SCOPE_MISSING', 'TOKEN_MISSING', 'DELEGATION_REQUIRED']).not.toContain(code);
      return code === 'OK';
    });
  });

  it('a token of an unknown issuer, for an unknown issuer or through a stranger is refused', () => {
    check(
      ({ policy, sent, at }) => {
        const stranger: Who = ['foreign', idOf(NAME)];
        const changes = [
          { issuer: 'foreign' },
          { subject: stranger },
          { behind: [...sent.behind, stranger] },
        ];
        expect(answer(policy, { ...sent, ...changes[at % 3] })).not.toBe('OK');
        return answer(policy, sent) === 'OK';
      },
      (one) => ({ ...one, narrows: { sts: false, idp: false } }),
    );
  });

  it('an agent that is disabled denies wherever in the chain it stands', () => {
    const two: Who = ['sts', idOf('two')];
    check(
      ({ policy, sent, at }) => {
        const spot = at % (sent.behind.length + 2);
        const tainted =
          spot > sent.behind.length
            ? { ...sent, subject: two }
            : { ...sent, behind: sent.behind.toSpliced(spot, 0, two) };
        expect(answer(policy, tainted)).not.toBe('OK');
        expect(answer(policy, sent, 'two')).toBe('AGENT_DISABLED');
        return answer(policy, sent) === 'OK';
      },
      (one) => ({
        ...one,
        agents: one.agents.map((agent) => ({
          ...agent,
          disabled: agent.disabled || agent.name === 'two',
        })),
      }),
    );
  });

  it('decide and explain say the same', () => {
    check(({ policy, sent }) => {
      // What can be asked is a token of the issuer that names the subject.
      const [issuer] = sent.subject;
      const foreign = [sent.subject, ...sent.behind].some(([by]) => by === 'foreign');
      const explained = explain(policy, asked(sent));
      if (!foreign) expect(explained.code).toBe(answer(policy, { ...sent, issuer, acted: false }));
      expect(explained.code).toBe(judge(policy, asked(sent)).code);
      return !foreign && explained.code === 'OK';
    });
  });

  it('decide and matrix say the same, and what the matrix says that it takes is what it takes', () => {
    const seen = new Map<string, number>();
    check(({ policy, one }) => {
      // A token with everything, for somebody for whom the route may be used.
      const [issuer = 'sts', [pattern = '*'] = []] =
        Object.entries(one.rule.subjects ?? {})[0] ?? [];
      const full = { issuer, behind: [], acted: false, scopes: UNIVERSE };
      const alone = answer(policy, { ...full, subject: [issuer, idOf(NAME)] });
      const behalf = answer(policy, { ...full, subject: [issuer, pattern.replace('*', 'x')] });
      const rows = matrix(policy).rows;
      const cell = rows.find(({ agent }) => agent.name === NAME)!.cells[0]!;
      expect(cell.code).toBe(answer(policy, undefined));
      if (cell.needs === 'token') expect(alone).toBe('OK');
      if (cell.needs === 'subject') expect([alone, behalf]).toEqual(['DELEGATION_REQUIRED', 'OK']);
      if (cell.needs === undefined && cell.code !== 'OK')
        expect([alone, behalf]).not.toContain('OK');
      const kind = cell.needs ?? cell.code;
      seen.set(kind, (seen.get(kind) ?? 0) + 1);
      return cell.needs !== undefined;
    });

    for (const kind of ['token', 'subject', 'OK', 'TOKEN_MISSING', 'SCOPE_MISSING'])
      expect(seen.get(kind) ?? 0, kind).toBeGreaterThan(20);
  });

  it('only what the agent itself lacks is proposed to be changed, and no rule for tokens', () => {
    const seen = new Set<string>();
    check(({ policy, sent, at }) => {
      const ask = asked(sent);
      const { change, code } = explain(policy, at % 2 === 0 ? ask : { ...ask, token: undefined });
      if (/^(?:TOKEN|DELEGATION)_/.test(code)) expect(change).toBeUndefined();
      for (const step of change?.steps ?? []) {
        expect(step).toMatch(/^(?:grant .* to one|enable one)$/);
        seen.add(step.split(' ')[0] ?? '');
      }
      return code !== 'OK';
    });
    expect([...seen].toSorted()).toEqual(['enable', 'grant']);
  });
});
