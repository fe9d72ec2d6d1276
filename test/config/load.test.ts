import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  SETTINGS,
  flagOf,
  loadConfig,
  variableOf,
  type Overrides,
} from '../../src/config/index.ts';
import { OperatorFault } from '../../src/lib/index.ts';

const GOOD = `inbound: { listen: 127.0.0.1:8443, upstream: 'http://127.0.0.1:3000' }
identity: { cert: c.crt, key: c.key }
trust: { acme.test: { roots: ca.crt, crl: ca.crl } }
policy: policy.yaml
`;

function load(text: string, overrides: Partial<Overrides> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'sidegate-config-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'sidegate.yaml');
  writeFileSync(file, text);
  const given = { flags: {}, trust: [], variables: {}, folder: '/here', ...overrides };
  return { folder, ...loadConfig(file, given) };
}

function fault(text: string, overrides: Partial<Overrides> = {}): string {
  try {
    load(text, overrides);
  } catch (error) {
    if (error instanceof OperatorFault)
      return error.render().replace(/\/\S*\/sidegate\.yaml/g, 'sidegate.yaml');
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('what is not said has a default', () => {
  it('and files are relative to the file that names them', () => {
    const { config, folder, warnings } = load(GOOD);
    expect(warnings).toEqual([]);
    expect(config.identity).toEqual({ cert: join(folder, 'c.crt'), key: join(folder, 'c.key') });
    expect(config.trust['acme.test']).toEqual({
      roots: join(folder, 'ca.crt'),
      crl: join(folder, 'ca.crl'),
    });
    expect(config.limits).toEqual({
      headers: 16_384,
      connections: 10_000,
      connectionsPerAgent: 1000,
      calls: 10_000,
      callsPerAgent: 1000,
      handshakes: 256,
      handshakesPerAddress: 64,
      handshakeRate: 50,
      refusalRate: 200,
      headTimeout: 10_000,
      bodyTimeout: 30_000,
      sendTimeout: 120_000,
      minRate: 100,
      buffered: 134_217_728,
      idleTimeout: 75_000,
      drain: 30_000,
      startWait: 10_000,
    });
    expect(config).not.toHaveProperty('admin');
    expect(Object.isFrozen(config) && Object.isFrozen(config.limits)).toBe(true);
  });
});

describe('a flag beats a variable beats the file beats the default', () => {
  it('and their files are relative to the working directory', () => {
    const flags = { policy: 'flag.yaml', 'limits.drain': '1s' };
    const variables = {
      SIDEGATE_POLICY: 'variable.yaml',
      SIDEGATE_IDENTITY_CERT: 'v.crt',
      SIDEGATE_LIMITS_CONNECTIONS: '7',
      SIDEGATE_INBOUND_ALLOW_PLAINTEXT_UPSTREAM: 'true',
      SIDEGATE_INBOUND_UPSTREAM: 'unix:run/agent.sock',
    };
    const { config } = load(GOOD, { flags, variables });
    expect(config.policy).toBe('/here/flag.yaml');
    expect(config.identity.cert).toBe('/here/v.crt');
    expect(config.limits).toMatchObject({ drain: 1000, connections: 7 });
    expect(config.inbound.upstream).toEqual({ kind: 'unix', path: '/here/run/agent.sock' });
    expect(config.inbound.allowPlaintextUpstream).toBe(true);
  });

  it('a section that the file lacks can be made of flags', () => {
    const { config } = load(GOOD, {
      flags: { 'admin.listen': 'unix:a.sock', 'audit.file': 'a.jsonl' },
    });
    expect(config.admin?.listen).toEqual({ kind: 'unix', path: '/here/a.sock' });
    expect(config.audit).toEqual({ file: '/here/a.jsonl', onFull: 'refuse' });
  });

  it('the way out has its defaults, and its files are found', () => {
    const text = `${GOOD}outbound: { listen: 127.0.0.1:9000, secret: certs/secret }\n`;
    const { config, folder } = load(
      `${text}tokenService: { url: 'https://sts.acme.test/token' }\n`,
      {
        flags: { 'token-service.id': 'spiffe://acme.test/sts' },
      },
    );
    expect(config.outbound).toEqual({
      listen: { kind: 'tcp', host: '127.0.0.1', port: 9000 },
      secret: join(folder, 'certs/secret'),
      grace: 30_000,
      calls: 1000,
    });
    const tasks = load(GOOD, {
      flags: { 'outbound.listen': 'unix:o.sock', 'outbound.tasks': 't' },
    });
    expect(tasks.config.outbound?.tasks).toBe('/here/t');
    expect(config.tokenService?.id?.toString()).toBe('spiffe://acme.test/sts');
  });

  it('the public URL is written in one way, and development is off unless it is said', () => {
    const url = (text: string) =>
      load(GOOD, { flags: { 'inbound.public-url': text } }).config.inbound.publicUrl;
    expect(url('https://Invoices.acme.test:443/')).toBe('https://invoices.acme.test');
    expect(url('https://invoices.acme.test:8443')).toBe('https://invoices.acme.test:8443');
    expect(load(GOOD).config.development).toBe(false);
    expect(load(GOOD, { variables: { SIDEGATE_DEVELOPMENT: 'true' } }).config.development).toBe(
      true,
    );
  });

  it('--trust adds a domain or replaces it', () => {
    const { config } = load(GOOD, { trust: ['partner.test=p.crt,p.crl', 'acme.test=other.crt'] });
    expect(config.trust).toEqual({
      'partner.test': { roots: '/here/p.crt', crl: '/here/p.crl' },
      'acme.test': { roots: '/here/other.crt' },
    });
  });

  it('every setting has a flag and a variable of its own', () => {
    expect(new Set(SETTINGS.map(flagOf)).size).toBe(SETTINGS.length);
    expect(new Set(SETTINGS.map(variableOf)).size).toBe(SETTINGS.length);
    expect(SETTINGS.map(variableOf)).toContain('SIDEGATE_LIMITS_HEAD_TIMEOUT');
  });
});

const PUBLIC_URLS = [
  'http://a.test',
  'a.test',
  'https://',
  'https://a.test/x',
  'https://a.test/?x',
  'https://a.test#x',
  'https://u:p@a.test',
  'https://a b.test',
];

describe('what cannot be run is refused, with everything that is wrong and where it stands', () => {
  it.each<[string, string, Partial<Overrides>, RegExp]>([
    ['an unknown key', `${GOOD}polciy: x\n`, {}, /sidegate\.yaml:5:1: unknown key 'polciy'/],
    ['a missing section', GOOD.replace(/^identity.*\n/m, ''), {}, /'identity' is missing/],
    [
      'a wrong type',
      GOOD.replace('policy.yaml', '[x]'),
      {},
      /:4:9: 'policy' must be the name of a file/,
    ],
    ['a bad address', GOOD.replace('127.0.0.1:8443', '8443'), {}, /'inbound\.listen' must be/],
    [
      'a Unix socket to listen on',
      GOOD.replace('127.0.0.1:8443', 'unix:x'),
      {},
      /'inbound\.listen' must be host:port/,
    ],
    [
      'a bad flag',
      GOOD,
      { flags: { 'limits.drain': 'soon' } },
      /^--limits\.drain: 'limits\.drain' must be a time/,
    ],
    [
      'a bad variable',
      GOOD,
      { variables: { SIDEGATE_LIMITS_CONNECTIONS: 'many' } },
      /^SIDEGATE_LIMITS_CONNECTIONS: .*must be a whole number/,
    ],
    ['a bad mode', GOOD, { flags: { mode: 'permissive' } }, /^--mode: /],
    [
      'an upstream elsewhere in plain text',
      GOOD.replace('127.0.0.1:3000', '10.0.0.1:3000'),
      {},
      /on another machine/,
    ],
    ['an https upstream', GOOD.replace('http:', 'https:'), {}, /without TLS for now/],
    ['a bad trust domain', GOOD.replace('acme.test', 'ACME'), {}, /a trust domain has only/],
    [
      'an admin socket on TCP',
      `${GOOD}admin: { listen: 127.0.0.1:1 }\n`,
      {},
      /must be a Unix socket/,
    ],
    ...PUBLIC_URLS.map(
      (url) =>
        [
          `a public URL such as ${url}`,
          GOOD.replace(/ \}/, `, publicUrl: '${url}' }`),
          {},
          /'inbound\.publicUrl' must be https:\/\/host or https:\/\/host:port, without a path/,
        ] as [string, string, Partial<Overrides>, RegExp],
    ),
    ['a development that is no yes or no', `${GOOD}development: 1\n`, {}, /must be true or false/],
    [
      'a way out on all interfaces',
      `${GOOD}outbound: { listen: '0.0.0.0:9000', secret: s }\n`,
      {},
      /'outbound\.listen' must be a Unix socket, or TCP on loopback/,
    ],
    [
      'a way out on TCP without a secret',
      `${GOOD}outbound: { listen: 127.0.0.1:9000 }\n`,
      {},
      /'outbound\.listen' must be a Unix socket where there is no 'outbound\.secret'/,
    ],
    [
      'a secret that nobody is asked for',
      `${GOOD}outbound: { listen: unix:o.sock, secret: s }\n`,
      {},
      /'outbound\.secret' has no effect on a Unix socket/,
    ],
    [
      'a token service in plain text',
      `${GOOD}tokenService: { url: http://sts.acme.test/token }\n`,
      {},
      /'tokenService\.url' must be an https URL/,
    ],
    [
      'a token service that is a whole trust domain',
      `${GOOD}tokenService: { url: https://sts.acme.test/token, id: spiffe://acme.test }\n`,
      {},
      /'tokenService\.id' must be a SPIFFE ID with a path/,
    ],
  ])('%s', (_, text, overrides, expected) => {
    expect(fault(text, overrides)).toMatch(expected);
  });

  it('all faults at once', () => {
    const text = fault('inbound: { listen: x }\nfoo: 1\nlimits: { drain: 3 }\n');
    for (const part of [
      'inbound.listen',
      'inbound.upstream',
      "unknown key 'foo'",
      'limits.drain',
      "'trust'",
    ])
      expect(text).toContain(part);
  });

  it('a variable that sets nothing is only a warning, with what was probably meant', () => {
    const variables = { SIDEGATE_PORT_9464_TCP: 'x', SIDEGATE_POLCY: 'x', SIDEGATE_DEBUG: '1' };
    expect(load(GOOD, { variables }).warnings).toEqual([
      'the variable SIDEGATE_PORT_9464_TCP sets nothing',
      'the variable SIDEGATE_POLCY sets nothing; did you mean SIDEGATE_POLICY?',
    ]);
  });

  it('a missing file names the command that makes one', () => {
    const none = { flags: {}, trust: [], variables: {}, folder: '/' };
    expect(() => loadConfig('/nowhere/sidegate.yaml', none)).toThrow(/there is no such file/);
  });
});
