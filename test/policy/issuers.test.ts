import { describe, expect, it } from 'vitest';
import type { Principal } from '../../src/call/index.ts';
import { loadPolicy } from '../../src/policy/index.ts';
import { faultsOf, load, policyText } from './sample.ts';

const ISSUERS = `issuers:
  sts: { issuer: https://sts.acme.test, keys: { file: jwks.json } }
`;
const issuers = (body: string) => policyText({ head: `issuers:\n${body}\n` });
const agents = (body: string) => policyText({ head: ISSUERS, agents: body });
const route = (value: string) =>
  policyText({ head: ISSUERS, agents: '  planner: [r]', routes: `  GET /x: ${value}` });
const peers = (body: string) => `${policyText({})}peers:\n${body}\n`;
const file = 'keys: { file: a.json }';

describe('an issuer', () => {
  it('has strict defaults, and its keys from the place of the policy', () => {
    const text = policyText({ head: ISSUERS });
    expect(loadPolicy(text, '/etc/sidegate/policy.yaml').issuers).toEqual([
      {
        name: 'sts',
        issuer: 'https://sts.acme.test',
        keys: { kind: 'file', path: '/etc/sidegate/jwks.json' },
        audiences: [],
        algorithms: ['ES256'],
        binding: 'required',
        scopeClaim: 'scope',
        clientClaim: 'client_id',
        acceptUntypedTokens: false,
        narrows: false,
        development: false,
        at: expect.objectContaining({ line: 4, column: 3 }) as unknown,
      },
    ]);
  });

  it('is what the policy says of it', () => {
    const { issuers: all } = load({
      head: `issuers:
  sts: { issuer: https://a, keys: { url: 'https://a:8444/jwks', id: spiffe://acme.test/sts }, narrows: true }
  keycloak:
    issuer: https://b/realms/acme
    keys: { url: https://b/realms/acme/certs?x=1 }
    audiences: [invoices, https://invoices.acme.test]
    algorithms: [RS256, EdDSA]
    binding: whenPresent
    scopeClaim: scp
    clientClaim: azp
    acceptUntypedTokens: true
    development: true
`,
    });
    expect(all.map(({ name, keys }) => [name, keys.kind === 'url' && keys.url])).toEqual([
      ['sts', 'https://a:8444/jwks'],
      ['keycloak', 'https://b/realms/acme/certs?x=1'],
    ]);
    expect(all[0]?.keys).toMatchObject({ spiffeId: { path: '/sts' } });
    expect(all[1]).toMatchObject({
      audiences: ['invoices', 'https://invoices.acme.test'],
      algorithms: ['RS256', 'EdDSA'],
      binding: 'whenPresent',
      scopeClaim: 'scp',
      clientClaim: 'azp',
      acceptUntypedTokens: true,
      narrows: false,
      development: true,
    });
  });

  it('is in one list, the same for as long as the policy is in force', () => {
    const policy = load({ head: ISSUERS });
    expect(policy.issuers).toBe(policy.issuers);
    expect(Object.isFrozen(policy.issuers)).toBe(true);
  });
});

describe('whom an issuer means', () => {
  const policy = load({
    head: `${ISSUERS}  other: { issuer: https://other.test, ${file} }\n`,
    agents: `  portal: { scopes: [], clients: { sts: [portal-client, uuid-1] } }
  planner: { scopes: [], clients: { other: [portal-client] } }
  partner: { id: spiffe://partner.test/x, scopes: [] }`,
  });
  const who = (issuer: string, subject: string) => {
    const principal: Principal = { issuer, subject };
    return policy.whoIs(principal)?.name;
  };
  it.each([
    ['https://sts.acme.test', 'portal-client', 'portal'],
    ['https://sts.acme.test', 'uuid-1', 'portal'],
    ['https://other.test', 'portal-client', 'planner'],
    ['https://other.test', 'uuid-1', undefined],
    ['https://sts.acme.test', 'spiffe://acme.test/agent/planner', 'planner'],
    ['https://other.test', 'spiffe://partner.test/x', 'partner'],
    ['https://sts.acme.test', 'spiffe://acme.test/agent/partner', undefined],
    ['https://sts.acme.test', 'portal', undefined],
    ['https://sts.acme.test/', 'portal-client', undefined],
    ['sts', 'portal-client', undefined],
    ['https://elsewhere.test', 'spiffe://acme.test/agent/planner', undefined],
    ['https://sts.acme.test', '__proto__', undefined],
  ])('%s %s is %s: a name means nothing without the issuer that gave it', (iss, sub, name) => {
    expect(who(iss, sub)).toBe(name);
  });
});

describe('a rule for tokens', () => {
  const rules = (routes: string, head = ISSUERS) =>
    load({ head, agents: '  planner: [r]', routes }).routes.map(({ tokenRule }) => tokenRule);

  it('is to look at none where the policy names no issuers', () => {
    expect(rules('  GET /x: [r]', '')).toMatchObject([{ token: 'ignored' }]);
  });

  it('is to take none where the route does not say, unless it leaves the field to the agent', () => {
    const [plain, pass] = rules('  GET /x: [r]\n  GET /y: { scopes: [], authorization: pass }');
    expect(plain).toMatchObject({ token: 'forbidden', onBehalfOf: 'forbidden' });
    expect(pass).toMatchObject({ token: 'ignored' });
  });

  it('is what the route says, and strict where it is silent', () => {
    const [own, behalf, all] = rules(`  GET /a: { scopes: [r], token: required }
  GET /b: { scopes: [r], onBehalfOf: required }
  GET /c: { scopes: [r], token: optional, onBehalfOf: allowed, withoutToken: [r], subjects: { sts: [alice] }, maxDepth: 2, via: [planner], loops: allow, tasks: 90m }`);
    expect(own).toMatchObject({ token: 'required', onBehalfOf: 'forbidden', withoutToken: [] });
    expect(behalf).toMatchObject({
      token: 'required',
      onBehalfOf: 'required',
      subjects: undefined,
      maxDepth: 4,
      via: undefined,
      loops: 'refuse',
      tasks: 0,
    });
    expect(all).toEqual({
      token: 'optional',
      onBehalfOf: 'allowed',
      withoutToken: ['r'],
      subjects: new Map([['sts', ['alice']]]),
      maxDepth: 2,
      via: ['planner'],
      loops: 'allow',
      tasks: 5_400_000,
    });
  });
});

describe('a peer', () => {
  it('has the ID of the agent of its name, or of none, and gets no authority that is not written', () => {
    const text = `${policyText({ agents: '  billing: { id: spiffe://b.test/x, scopes: [] }' })}peers:
  billing: { at: https://Billing.acme.test:8443 }
  ledger: { at: 'https://[::1]', authority: own, scopes: [a:r], evenOnBehalf: true, audience: ledger }
  other: { at: https://127.0.0.1:1, id: spiffe://c.test/y, authority: delegated, scopes: [] }
`;
    const policy = loadPolicy(text, 'policy.yaml');
    const peer = (name: string) => {
      const found = policy.peerNamed(name);
      return found && { ...found, spiffeId: found.spiffeId.toString(), at: found.at.line };
    };
    expect(peer('billing')).toEqual({
      name: 'billing',
      host: 'billing.acme.test',
      port: 8443,
      spiffeId: 'spiffe://b.test/x',
      authority: 'none',
      scopes: [],
      audience: 'spiffe://b.test/x',
      evenOnBehalf: false,
      at: 7,
    });
    expect(peer('ledger')).toMatchObject({
      host: '::1',
      port: 443,
      spiffeId: 'spiffe://acme.test/agent/ledger',
      authority: 'own',
      scopes: ['a:r'],
      audience: 'ledger',
      evenOnBehalf: true,
    });
    expect(peer('other')).toMatchObject({
      port: 1,
      authority: 'delegated',
      spiffeId: 'spiffe://c.test/y',
    });
    expect(peer('nobody')).toBeUndefined();
    expect(peer('__proto__')).toBeUndefined();
  });

  it('of the token service is a name of an agent', () => {
    const { agents: all } = load({ agents: '  a: { scopes: [], peers: [b] }\n  b: []' });
    expect(all.map(({ peers: names }) => names)).toEqual([['b'], []]);
  });
});

describe('is a load error', () => {
  const full = 'scopes: [r], onBehalfOf: required';
  it.each([
    ['no issuer', issuers('  {}'), /'issuers' must have at least one/],
    ['an issuer in upper case', issuers(`  STS: { issuer: a, ${file} }`), /no name for an issuer/],
    ['an issuer that is nobody', issuers(`  a: { ${file} }`), /'issuers.a.issuer' is missing/],
    ['an issuer with a blank', issuers(`  a: { issuer: 'a b', ${file} }`), /text without blanks/],
    ['an issuer without keys', issuers('  a: { issuer: x }'), /'issuers.a.keys' is missing/],
    ['keys from nowhere', issuers('  a: { issuer: x, keys: {} }'), /must have 'url' or 'file'/],
    [
      'keys from two places',
      issuers('  a: { issuer: x, keys: { file: a, url: https://a/b } }'),
      /must not stand beside 'url'/,
    ],
    [
      'an ID for a file',
      issuers('  a: { issuer: x, keys: { file: a, id: spiffe://a/b } }'),
      /has no effect without 'url'/,
    ],
    ['http', issuers('  a: { issuer: x, keys: { url: http://a/b } }'), /must be an https URL/],
    ['a user', issuers('  a: { issuer: x, keys: { url: https://u@a/b } }'), /must be an https URL/],
    ['a fragment', issuers(`  a: { issuer: x, keys: { url: 'https://a/#b' } }`), /an https URL/],
    ['no URL', issuers(`  a: { issuer: x, keys: { url: 'https://a:b/c' } }`), /an https URL/],
    ['HS256', issuers(`  a: { issuer: x, ${file}, algorithms: [HS256] }`), /must be asymmetric/],
    ['none', issuers(`  a: { issuer: x, ${file}, algorithms: [none] }`), /must be asymmetric/],
    ['noNE', issuers(`  a: { issuer: x, ${file}, algorithms: [noNE] }`), /must be asymmetric/],
    ['es256', issuers(`  a: { issuer: x, ${file}, algorithms: [es256] }`), /known here/],
    ['no algorithm', issuers(`  a: { issuer: x, ${file}, algorithms: [] }`), /at least one algo/],
    ['no audience', issuers(`  a: { issuer: x, ${file}, audiences: [] }`), /at least one audience/],
    ['a loose binding', issuers(`  a: { issuer: x, ${file}, binding: never }`), /'issuers.a.bind/],
    [
      'two issuers that are one',
      issuers(`  a: { issuer: x, ${file} }\n  b: { issuer: x, ${file} }`),
      /the issuer at line 4 is the same: x/,
    ],
    [
      'a client of an unknown issuer',
      agents('  a: { scopes: [], clients: { st: [x] } }'),
      /no issuer is called 'st'/,
    ],
    [
      'one client for two agents',
      agents(
        '  a: { scopes: [], clients: { sts: [x] } }\n  b: { scopes: [], clients: { sts: [x] } }',
      ),
      /'x' of 'sts' is another agent, at line 6/,
    ],
    [
      'a client that is another agent',
      agents(`  a: { scopes: [], clients: { sts: ['spiffe://acme.test/agent/b'] } }\n  b: []`),
      /is the agent 'b'/,
    ],
    ['a client twice', agents('  a: { scopes: [], clients: { sts: [x, x] } }'), /is there twice/],
    [
      'a peer of an agent that is none',
      agents('  a: { scopes: [], peers: [bilingg] }\n  billing: []'),
      /no agent is called 'bilingg'/,
    ],
    [
      'a rule without issuers',
      policyText({ routes: '  GET /x: { scopes: [], token: required, onBehalfOf: required }' }),
      /'token' has no effect without 'issuers'\n.*'onBehalfOf' has no effect without 'issuers'/,
    ],
    [
      'a rule beside pass',
      route('{ scopes: [r], token: required, authorization: pass }'),
      /leaves the token to the agent behind: 'token' would have no effect/,
    ],
    [
      'optional without saying what for',
      route('{ scopes: [r], token: optional }'),
      /'token: optional' must say 'withoutToken'/,
    ],
    [
      'allowed without saying what for',
      route('{ scopes: [r], token: required, onBehalfOf: allowed }'),
      /'onBehalfOf: allowed' must say 'withoutToken'/,
    ],
    [
      'allowed without a token',
      route('{ scopes: [r], onBehalfOf: allowed, withoutToken: [] }'),
      /no effect where no token is taken/,
    ],
    [
      'required, and optional',
      route(`{ ${full}, token: optional, withoutToken: [] }`),
      /'token: optional' contradicts 'onBehalfOf: required'/,
    ],
    ['required, and forbidden', route(`{ ${full}, token: forbidden }`), /contradicts/],
    [
      'tasks where no token is taken',
      route('{ scopes: [r], tasks: 8h }'),
      /'tasks' has no effect where no token is taken/,
    ],
    [
      'tasks of a token that is refused',
      route('{ scopes: [r], token: forbidden, tasks: 8h }'),
      /'tasks' has no effect where no token is taken/,
    ],
    ['tasks for more than a week', route(`{ ${full}, tasks: 8d }`), /must be 1s to 7d/],
    ['tasks for no time', route(`{ ${full}, tasks: 999ms }`), /must be 1s to 7d/],
    ['tasks for a number', route(`{ ${full}, tasks: 8 }`), /must be a time such as 10s/],
    [
      'tasks without issuers',
      policyText({ routes: '  GET /x: { scopes: [], tasks: 8h }' }),
      /'tasks' has no effect without 'issuers'/,
    ],
    [
      'withoutToken for nothing',
      route('{ scopes: [r], token: required, withoutToken: [] }'),
      /'withoutToken' has no effect/,
    ],
    [
      'withoutToken of another scope',
      route('{ scopes: [r], token: optional, withoutToken: [r, w] }'),
      /the route does not take 'w'/,
    ],
    [
      'subjects where nobody is acted for',
      route('{ scopes: [r], token: required, subjects: { sts: [alice] } }'),
      /'subjects' has no effect where nobody may be acted for/,
    ],
    ['maxDepth there', route('{ scopes: [r], token: required, maxDepth: 2 }'), /'maxDepth' has no/],
    ['via there', route('{ scopes: [r], token: required, via: [] }'), /'via' has no effect/],
    ['loops there', route('{ scopes: [r], token: required, loops: allow }'), /'loops' has no eff/],
    [
      'via in a chain of one',
      route(`{ ${full}, maxDepth: 1, via: [planner] }`),
      /nobody can stand behind the caller/,
    ],
    ['an unknown agent', route(`{ ${full}, via: [plannr] }`), /no agent is called 'plannr'/],
    [
      'subjects of an unknown issuer',
      route(`{ ${full}, subjects: { keycloak: [a] } }`),
      /no issuer is called 'keycloak'/,
    ],
    ['no subject', route(`{ ${full}, subjects: { sts: [] } }`), /at least one subject/],
    ['subjects of nobody', route(`{ ${full}, subjects: {} }`), /at least one issuer/],
    ['an empty subject', route(`{ ${full}, subjects: { sts: [''] } }`), /must not be empty/],
    [
      'a * within a subject',
      route(`{ ${full}, subjects: { sts: ['a*b'] } }`),
      /must have '\*' only at its end/,
    ],
    ['a * twice', route(`{ ${full}, subjects: { sts: ['a**'] } }`), /must have '\*' only at/],
    ['a depth below 0', route(`{ ${full}, maxDepth: -1 }`), /must be at least 0/],
    ['a peer in upper case', peers('  Billing: { at: https://a }'), /no name for a peer/],
    ['a peer with a dot', peers('  a.b: { at: https://a }'), /no name for a peer/],
    ['a peer over http', peers('  a: { at: http://a }'), /https URL of host and port alone/],
    ['a peer with a path', peers('  a: { at: https://a/b }'), /https URL of host and port alone/],
    ['a peer with a slash', peers('  a: { at: https://a/ }'), /https URL of host and port alone/],
    ['a peer with a user', peers('  a: { at: https://u@a }'), /https URL of host and port alone/],
    ['a peer with a query', peers(`  a: { at: 'https://a?b' }`), /URL of host and port alone/],
    ['a peer at port 0', peers('  a: { at: https://a:0 }'), /https URL of host and port alone/],
    ['a peer at port 65536', peers('  a: { at: https://a:65536 }'), /URL of host and port alone/],
    ['a peer in octal', peers('  a: { at: https://0177.1 }'), /https URL of host and port alone/],
    ['a peer nowhere', peers('  a: {}'), /'peers.a.at' is missing/],
    [
      'a family of scopes for a peer',
      peers(`  a: { at: https://a, authority: own, scopes: ['a:*'] }`),
      /a token has scopes and no families of them/,
    ],
    [
      'a peer with a token for nothing',
      peers('  a: { at: https://a, authority: own }'),
      /'scopes'/,
    ],
    [
      'scopes without authority',
      peers('  a: { at: https://a, scopes: [r] }'),
      /'scopes' has no effect where no token goes along/,
    ],
    [
      'an audience without authority',
      peers('  a: { at: https://a, audience: b }'),
      /'audience' has no effect where no token goes along/,
    ],
    [
      'evenOnBehalf of a token that is on behalf',
      peers('  a: { at: https://a, authority: delegated, scopes: [], evenOnBehalf: true }'),
      /'evenOnBehalf' has no effect without 'authority: own'/,
    ],
  ])('%s', (_, text, message) => {
    expect(faultsOf(text).join('\n')).toMatch(message);
  });

  it('each of them, all at once, each at its own place', () => {
    const text = `version: 1
trustDomain: acme.test
issuers:
  sts: { issuer: https://a, keys: { url: http://a } }
agents:
  a: { scopes: [], clients: { ts: [x] }, peers: [b] }
routes:
  GET /a: { scopes: [r], token: optional, via: [c] }
peers:
  b: { at: https://b/c }
`;
    expect(faultsOf(text)).toEqual([
      `4:42 'issuers.sts.keys.url' must be an https URL`,
      `6:31 no issuer is called 'ts'`,
      `6:50 no agent is called 'b'`,
      `8:48 'via' has no effect where nobody may be acted for`,
      `8:33 'token: optional' must say 'withoutToken'`,
      `8:49 no agent is called 'c'`,
      `10:12 'peers.b.at' must be an https URL of host and port alone`,
    ]);
  });
});
