import fc from 'fast-check';
import type { Authority, IssuerEntry, Principal } from '../../src/call/index.ts';
import { loadPolicy, type Policy } from '../../src/policy/index.ts';

export const UNIVERSE = ['a:r', 'a:w', 'b'] as const;

export interface AgentSketch {
  readonly name: string;
  readonly scopes: readonly string[];
  readonly disabled: boolean;
  /** What the issuer `idp` calls it. */
  readonly client: string | undefined;
}

export interface RuleSketch {
  readonly scopes: readonly string[];
  readonly token: 'required' | 'optional' | 'forbidden';
  readonly onBehalfOf: 'required' | 'allowed' | 'forbidden';
  readonly withoutToken: readonly string[];
  readonly subjects: Readonly<Record<string, readonly string[]>> | undefined;
  readonly maxDepth: number;
  readonly via: readonly string[] | undefined;
  readonly loops: 'refuse' | 'allow';
}

export interface Sketch {
  readonly narrows: Readonly<Record<string, boolean>>;
  readonly agents: readonly AgentSketch[];
  readonly rule: RuleSketch;
}

/** `issuer subject`; the issuer by its name in the sketch, or one that no policy lists. */
export type Who = readonly [issuer: string, subject: string];

export interface TokenSketch {
  readonly issuer: string;
  readonly subject: Who;
  /** Without the presenter, who comes first. */
  readonly behind: readonly Who[];
  /** Whether the presenter stands in `act`; always if somebody stands behind it. */
  readonly acted: boolean;
  readonly scopes: readonly string[];
}

const NAMES = ['one', 'two', 'three'] as const;
const ISSUERS: Readonly<Record<string, string>> = {
  sts: 'https://sts.test',
  idp: 'https://idp.test',
};

export const idOf = (name: string): string => `spiffe://acme.test/agent/${name}`;

/** Most of the time what lets calls through, so that the rest is met one thing at a time. */
function mostly<T>(usual: T, other: fc.Arbitrary<T>): fc.Arbitrary<T> {
  return fc.oneof({ weight: 2, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: other });
}

const scopes = fc.subarray([...UNIVERSE]);

const agents = fc
  .tuple(
    ...NAMES.map((name) =>
      fc.record({
        name: fc.constant(name),
        scopes: mostly(['a:*', 'b'], fc.subarray([...UNIVERSE, 'a:*'])),
        disabled: fc.nat(9).map((one) => one === 0),
        client: fc.constantFrom(undefined, `${name}-client`),
      }),
    ),
  )
  .map((all): readonly AgentSketch[] => all);

const subjects = fc.record(
  {
    sts: fc.subarray(['alice', 'al*', 'team-*', '*'], { minLength: 1 }),
    idp: fc.subarray(['alice', 'bob', `${idOf('t')}*`], { minLength: 1 }),
  },
  { requiredKeys: [] },
);

const rule: fc.Arbitrary<RuleSketch> = fc
  .record({
    scopes: fc.subarray([...UNIVERSE], { maxLength: 2 }),
    token: fc.constantFrom('required', 'required', 'optional', 'optional', 'forbidden'),
    onBehalfOf: fc.constantFrom('required', 'allowed', 'forbidden'),
    free: scopes,
    subjects: mostly<RuleSketch['subjects']>(undefined, subjects),
    maxDepth: mostly(5, fc.nat(4)),
    via: mostly<RuleSketch['via']>(undefined, fc.subarray([...NAMES])),
    loops: fc.constantFrom('refuse', 'allow'),
  })
  .map(({ free, ...one }) => {
    const token = one.onBehalfOf === 'required' ? 'required' : one.token;
    const onBehalfOf = token === 'forbidden' ? 'forbidden' : one.onBehalfOf;
    const says = token === 'optional' || onBehalfOf === 'allowed';
    return {
      ...one,
      token,
      onBehalfOf,
      withoutToken: says ? one.scopes.filter((scope) => free.includes(scope)) : [],
      subjects: Object.keys(one.subjects ?? {}).length === 0 ? undefined : one.subjects,
      via: one.maxDepth < 2 ? undefined : one.via,
    };
  });

export const sketch: fc.Arbitrary<Sketch> = fc.record({
  narrows: fc.record({ sts: fc.boolean(), idp: fc.boolean() }),
  agents,
  rule,
});

const who: fc.Arbitrary<Who> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(fc.constantFrom('sts', 'idp'), fc.constantFrom(...NAMES.map(idOf))),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.constant('idp'), fc.constantFrom('one-client', 'two-client')),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(fc.constantFrom('sts', 'idp'), fc.constantFrom('alice', 'bob', 'team-a')),
  },
  { weight: 1, arbitrary: fc.tuple(fc.constant('foreign'), fc.constantFrom('alice', idOf('one'))) },
);

export const someone = who;

export const token: fc.Arbitrary<TokenSketch> = fc.record({
  issuer: mostly('sts', fc.constantFrom('idp', 'foreign')),
  subject: who,
  behind: mostly<readonly Who[]>([], fc.array(who, { maxLength: 5 })),
  acted: fc.boolean(),
  scopes: mostly<readonly string[]>(UNIVERSE, fc.subarray([...UNIVERSE, 'a:*', '*'])),
});

const ROUTE = 'GET /x';

/** The sketch as somebody would write it: what has no effect is left out. */
export function build({ narrows, agents: sketches, rule: one }: Sketch): Policy {
  const behalf = one.onBehalfOf !== 'forbidden';
  const says = one.token === 'optional' || one.onBehalfOf === 'allowed';
  const file = {
    version: 1,
    trustDomain: 'acme.test',
    issuers: Object.fromEntries(
      Object.entries(ISSUERS).map(([name, issuer]) => [
        name,
        { issuer, keys: { file: 'a' }, narrows: narrows[name] },
      ]),
    ),
    agents: Object.fromEntries(
      sketches.map(({ name, client, ...value }) => [
        name,
        { ...value, ...(client !== undefined && { clients: { idp: [client] } }) },
      ]),
    ),
    routes: {
      [ROUTE]: {
        scopes: one.scopes,
        token: one.token,
        onBehalfOf: one.onBehalfOf,
        ...(says && { withoutToken: one.withoutToken }),
        ...(behalf && {
          subjects: one.subjects,
          maxDepth: one.maxDepth,
          via: one.via,
          loops: one.loops,
        }),
      },
    },
  };
  return loadPolicy(JSON.stringify(file), 'policy.json');
}

export function verified(policy: Policy, presenter: string, one: TokenSketch): Authority {
  const principal = ([issuer, subject]: Who): Principal => ({
    issuer: ISSUERS[issuer] ?? `https://${issuer}.test`,
    subject,
  });
  const listed = policy.issuers.find(({ name }) => name === one.issuer);
  const foreign = { ...policy.issuers[0], name: one.issuer, issuer: 'https://foreign.test' };
  const presented = principal(['sts', idOf(presenter)]);
  const actors =
    one.acted || one.behind.length > 0 ? [presented, ...one.behind.map(principal)] : [];
  return {
    issuer: listed ?? (foreign as IssuerEntry),
    subject: principal(one.subject),
    presenter: presented,
    actors,
    scopes: new Set(one.scopes),
    expiresAt: Infinity,
    tokenId: 'x',
    onBehalf: false,
  } as unknown as Authority;
}
