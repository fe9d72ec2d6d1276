import { rmSync } from 'node:fs';
import { expect, test } from 'vitest';
import { isClearFault, newSandbox, type Sandbox } from './sandbox.ts';

type Given = (box: Sandbox) => unknown;
type Row = readonly [
  what: string,
  args: string | readonly string[],
  says: string | RegExp,
  given?: Given | undefined,
  code?: 1 | 2,
];

const POLICY = `version: 1
trustDomain: acme.test
agents:
  billing: [invoices:read]
routes:
  GET /invoices: [invoices:read]
`;
const HERE = '--upstream http://127.0.0.1:3000';

const ca: Given = (box) => box.run('ca', 'init');
const made: Given = (box) => box.run('init', 'invoices', ...HERE.split(' '));
const isFile =
  (name: string, text: string): Given =>
  (box) =>
    box.write(name, text);
const isFolder =
  (name: string): Given =>
  (box) =>
    box.mkdir(name);
const policy = (text: string): Given => isFile('policy.yaml', text);
const both =
  (...givens: readonly Given[]): Given =>
  async (box) => {
    for (const given of givens) await given(box);
  };
const minted = (name: string): Given => both(ca, (box) => box.run('ca', 'mint', name));
const gone = (name: string, before: Given): Given => both(before, (box) => rmSync(box.file(name)));
const edited = (file: string, from: string | RegExp, to: string): Given =>
  both(made, (box) => box.write(file, box.read(file).replace(from, to)));
const swapped = (file: string, other: string, before: Given): Given =>
  both(before, (box) => box.write(file, box.read(other)));
const otherCa: Given = both(ca, (box) => box.run('ca', 'init', '--dir', 'other'));

const MISSING = /missing required argument '\w/;
const HINT = /unknown option '--\w+'\n {2}Did you mean --\w+\? See: sidegate [a-z ]+ --help/;

const USAGE: readonly Row[] = [
  ['an unknown command', 'explian', /unknown command 'explian'\n {2}Did you mean explain\?/],
  ['an unknown option of the program', '--nope', "unknown option '--nope'"],
  ['an unknown command of ca', 'ca mnt', 'Did you mean mint?'],
  ['an unknown option', `init x ${HERE} --dri x`, HINT],
  ['an unknown option', 'check --confg x', HINT],
  ['an unknown option', 'explain a GET / --polcy x', HINT],
  ['an unknown option', 'matrix --polcy x', HINT],
  ['an unknown option', 'test --polcy x', HINT],
  ['an unknown option', 'why --admn x', HINT],
  ['an unknown option', 'call a GET / --dirr x', HINT],
  ['an unknown option', 'ca init --dirr x', HINT],
  ['an unknown option', 'ca mint a --tttl x', HINT],
  ['an unknown option', 'ca renew --wach', HINT],
  ['an unknown option', 'ca revoke a --reson x', HINT],
  ['an unknown option', 'ca list --jsn', HINT],
  ['an unknown option', 'ca show a --jsn', HINT],
  ['a missing argument', `init ${HERE}`, MISSING],
  ['a missing option', 'init invoices', "required option '--upstream <url>' not specified"],
  ['a missing argument', 'explain billing', MISSING],
  ['a missing argument', 'call billing GET', MISSING],
  ['a missing argument', 'ca mint', MISSING],
  ['a missing argument', 'ca revoke', MISSING],
  ['a missing argument', 'ca show', MISSING],
  ['an option without its value', 'ca list --dir', 'argument missing'],
  ['one argument too many', 'ca mint a b', 'too many arguments'],
  ['a reason that no list knows', 'ca revoke a --reason x', 'is invalid'],
];

const NO_CA = /there is no (certificate authority|certificate 'x') in nowhere/;

const CERTIFICATES: readonly Row[] = [
  ['a folder that is not there', 'ca mint x --dir nowhere', NO_CA],
  ['a folder that is not there', 'ca renew --dir nowhere', NO_CA],
  ['a folder that is not there', 'ca revoke x --dir nowhere', NO_CA],
  ['a folder that is not there', 'ca list --dir nowhere', NO_CA],
  ['a folder that is not there', 'ca show x --dir nowhere', NO_CA],
  ['a CA that is there already', 'ca init', 'not overwritten', ca],
  ['a file as folder', 'ca init --dir f', 'f is not a folder', isFile('f', '')],
  ['a trust domain that is none', 'ca init --trust-domain Ac', "'Ac' is not a trust domain"],
  ['a name that no file can have', 'ca mint ../x', "'../x' cannot be the name", ca],
  ['an agent that is there already', 'ca mint x', 'not overwritten', minted('x')],
  ['a foreign ID', 'ca mint x --id spiffe://b.test/x', 'not in the trust domain of this CA', ca],
  ['an ID that is none', 'ca mint x --id y', "'y' is not a SPIFFE ID", ca],
  ['a time that is none', 'ca mint x --ttl soon', "'soon' is not a length of time", ca],
  ['no time at all', 'ca mint x --ttl 0h', "'0h' is not a length of time", ca],
  ['a host that is none', ['ca', 'mint', 'x', '--dns', 'a b'], "'a b' is not a DNS name", ca],
  ['an address that is none', 'ca mint x --ip 1.2.3', "'1.2.3' is not an IP address", ca],
  [
    'a key of another CA',
    'ca mint x',
    'not the key',
    swapped('certs/ca.key', 'other/ca.key', otherCa),
  ],
  ['a CA without its key', 'ca renew', 'is there without', gone('certs/ca.key', ca)],
  ['a garbled CA', 'ca list', 'is not a certificate', both(ca, isFile('certs/ca.crt', 'x'))],
  ['nobody to revoke', 'ca revoke biling', "Did you mean 'billing'?", minted('billing')],
  ['nobody to show', 'ca show biling', "Did you mean 'billing'?", minted('billing')],
  ['no upstream', 'init x --upstream localhost', "--upstream 'localhost' must be"],
  ['an upstream with TLS', 'init x --upstream https://127.0.0.1:1', 'without TLS'],
  ['an upstream elsewhere', 'init x --upstream http://10.0.0.1:80', 'on another machine'],
  ['a name that no policy has', `init Inv ${HERE}`, "'Inv' cannot be the name"],
  ['the name of the CA', `init ca ${HERE}`, "'ca' cannot be the name"],
  ['a wrong trust domain', `init x ${HERE} --trust-domain a/b`, "'a/b' is not a trust domain"],
  ['a trust domain of no CA', `init x ${HERE} --trust-domain .a`, 'begins with a dot'],
  ['a file as folder', `init x ${HERE} --dir f`, 'f is not a folder', isFile('f', '')],
];

const POLICIES: readonly Row[] = ['matrix', 'test', 'explain billing GET /'].flatMap(
  (args): Row[] => [
    ['no policy', args, 'cannot read the policy policy.yaml: there is no such file'],
    ['a folder as policy', args, 'it is a folder', isFolder('policy.yaml')],
    ['an empty policy', args, /^policy\.yaml/, policy('')],
    [
      'a wrong type',
      args,
      /4:\d+: 'agents.billing' must be a list/,
      policy(POLICY.replace('[', '7 # [')),
    ],
    [
      'an unknown key',
      args,
      "policy.yaml:7:1: unknown key 'rules'",
      policy(`${POLICY}rules: []\n`),
    ],
    [
      'a duplicate key',
      args,
      'policy.yaml:7:3: map keys',
      policy(`${POLICY}  GET /invoices: []\n`),
    ],
  ],
);

const withCases = (text: string) => both(policy(POLICY), isFile('c.yaml', text));
const CALL = 'call client GET /';

const OTHERS: readonly Row[] = [
  ['no cases', 'test', 'cannot read the cases policy.test.yaml', policy(POLICY)],
  ['cases of the wrong type', 'test c.yaml', /c\.yaml:1:8: 'cases'/, withCases('cases: 7\n')],
  [
    'an unknown key',
    'test c.yaml',
    "unknown key 'x'",
    withCases("cases: [{ as: a, call: 'GET /', expect: allow, x: 1 }]"),
  ],
  ['no configuration', 'why', 'cannot read the configuration sidegate.yaml'],
  ['a folder as configuration', 'why', 'it is a folder', isFolder('sidegate.yaml')],
  [
    'an unknown key',
    'why',
    "unknown key 'rules'",
    edited('sidegate.yaml', /^policy:/m, 'rules: x\npolicy:'),
  ],
  [
    'no admin socket',
    'why',
    'names no admin socket',
    edited('sidegate.yaml', /^admin:\n.*\n/m, ''),
  ],
  ['no sidecar that runs', 'why', 'nobody listens there', made, 1],
  ['a socket that is none', 'why --admin x.sock', 'nobody listens there', undefined, 1],
  ['no certificate', 'call biling GET /', /certs\/biling\.crt[^]*ca mint biling/, made],
  ['no CA to trust', CALL, 'cannot read the certificate of the CA certs/ca.crt'],
  ['a misfit key', CALL, 'cannot be used', swapped('certs/client.key', 'certs/ca.key', made)],
  ['a garbled certificate', CALL, 'cannot be used', both(made, isFile('certs/client.crt', 'x'))],
  ['nobody to call', `${CALL} --to https://127.0.0.1:1`, 'nobody listens there', made, 1],
  ['no address', `${CALL} --to localhost`, "'localhost' is not where a sidecar listens", made],
  ['no TLS', `${CALL} --to http://localhost`, 'is not where a sidecar listens', made],
  ['a path that cannot be sent', ['call', 'client', 'GET', '/a b'], 'cannot be sent', made],
  ['no method', ['call', 'client', 'G T', '/'], 'the method is none', made],
  ['no header field', `${CALL} -H x`, "'x' is not a header field", made],
];

const rows = [...USAGE, ...CERTIFICATES, ...POLICIES, ...OTHERS].map(
  ([what, args, says, given, code = 2]) => {
    const words = typeof args === 'string' ? args.split(' ') : args;
    return { what, words, line: words.join(' '), says, given, code };
  },
);

test.each(rows)(
  '$what ($line) ends with one clear sentence, the remedy and its exit code',
  async ({ words, says, given, code }) => {
    const box = newSandbox();
    await given?.(box);
    const ran = await box.run(...words);
    expect(ran.err).toMatch(says);
    expect({ code: ran.code, out: ran.out }).toEqual({ code, out: '' });
    expect(isClearFault(ran)).toBe(true);
    expect(ran.err).not.toContain(box.folder);
  },
);

const at = (what: string) => `✗ ${what.padEnd(15)}`;

const WRONG: readonly (readonly [what: string, says: string, given?: Given])[] = [
  ['no configuration', `${at('configuration')}cannot read the configuration sidegate.yaml`],
  [
    'an unknown key',
    "unknown key 'rules'",
    edited('sidegate.yaml', /^policy:/m, 'rules: x\npolicy:'),
  ],
  [
    'a duplicate key',
    'keys must be unique',
    edited('sidegate.yaml', /^policy:/m, 'policy: x\npolicy:'),
  ],
  ['a wrong type', "'status.listen' must be", edited('sidegate.yaml', '127.0.0.1:9464', '9464')],
  ['no certificate', `${at('identity')}cannot read our`, gone('certs/invoices.crt', made)],
  ['a misfit key', 'does not fit', swapped('certs/invoices.key', 'certs/client.key', made)],
  ['no roots', `${at('trust')}cannot read the roots`, gone('certs/ca.crt', made)],
  ['a foreign agent', 'which has no roots', edited('policy.yaml', ': acme.test', ': b.test')],
  ['a broken policy', `${at('policy')}policy.yaml:3:1`, edited('policy.yaml', /^mode/m, 'moed')],
  ['no policy', `${at('policy')}cannot read the policy policy.yaml`, gone('policy.yaml', made)],
  [
    'no agent',
    `${at('upstream')}http://127.0.0.1:1: nobody`,
    edited('sidegate.yaml', ':3000', ':1'),
  ],
];

test.each(WRONG.map(([what, says, given]) => ({ what, says, given })))(
  'check finds $what, and says the remedy',
  async ({ says, given }) => {
    const box = newSandbox();
    await given?.(box);
    const { code, out, err } = await box.run('check');
    expect(out).toContain(says);
    expect({ code, err }).toEqual({ code: 2, err: '' });
    expect(out).toMatch(/\d+ things? to mend\n$/);
    const wrong = out.split(/^(?=[✓✗!])/m).filter((finding) => finding.startsWith('✗'));
    for (const finding of wrong) expect(finding.split('\n').length).toBeGreaterThan(2);
  },
);
