import { existsSync, readdirSync, statSync } from 'node:fs';
import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config/index.ts';
import { readYaml } from '../../src/lib/index.ts';
import { loadPolicy } from '../../src/policy/index.ts';
import { loadIdentity, loadTrust } from '../../src/tls/index.ts';
import { isClearFault, newSandbox } from './sandbox.ts';

const UPSTREAM = ['--upstream', 'http://127.0.0.1:3000'];

function configOf(folder: string) {
  const outside = { flags: {}, trust: [], variables: {}, folder };
  return loadConfig(`${folder}/sidegate.yaml`, outside);
}

test('init writes a configuration, a policy and certificates that all load without a warning', async () => {
  const box = newSandbox();
  const { code, err } = await box.bin('init', 'invoices', ...UPSTREAM);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  const { config, warnings } = configOf(box.folder);
  expect(warnings).toEqual([]);
  expect(config.admin?.listen).toEqual({ kind: 'unix', path: box.file('run/sidegate.sock') });
  expect(config.status?.listen).toEqual({ kind: 'tcp', host: '127.0.0.1', port: 9464 });
  expect(config.audit?.file).toBe(box.file('run/audit.jsonl'));
  const policy = loadPolicy(box.read('policy.yaml'), 'policy.yaml', { now: Date.now() });
  expect(policy.warnings).toEqual([]);
  expect(policy.routes.map(({ name }) => name)).toEqual(['GET /']);
  expect(loadTrust(config.trust, Date.now()).warnings).toEqual([]);
  const identity = loadIdentity(config.identity, Date.now());
  expect(identity.spiffeId.toString()).toBe('spiffe://acme.test/agent/invoices');
});

test('init prints the steps that come next, and the curl line', async () => {
  const box = newSandbox();
  const { out } = await box.run('init', 'invoices', ...UPSTREAM, '--dir', 'gate');
  const [, next = ''] = out.split('Next:\n');
  const steps = next.trimEnd().split('\n');
  expect(steps.slice(0, 3)).toEqual([
    '  cd gate',
    '  sidegate run',
    '  curl --cacert certs/ca.crt --cert certs/client.crt --key certs/client.key https://localhost:8443/',
  ]);
  expect(next).toContain('sidegate why');
  expect(next).toContain('sidegate run --mode shadow');
});

test('init keeps keys to their owner and out of version control', async () => {
  const box = newSandbox();
  await box.run('init', 'invoices', ...UPSTREAM);
  for (const name of ['ca', 'invoices', 'client'])
    expect(statSync(box.file(`certs/${name}.key`)).mode & 0o777).toBe(0o600);
  expect(box.read('certs/.gitignore')).toMatch(/^\*$/m);
});

test.each(['sidegate.yaml', 'policy.yaml', 'certs/ca.crt', 'certs/client.key', 'run/.gitignore'])(
  'init writes nothing at all if %s is there',
  async (there) => {
    const box = newSandbox();
    box.write(there, 'mine');
    const ran = await box.run('init', 'invoices', ...UPSTREAM);
    expect(ran.code).toBe(2);
    expect(ran.err).toContain(`not overwritten: ${there}`);
    expect(isClearFault(ran)).toBe(true);
    expect(box.read(there)).toBe('mine');
    const files = readdirSync(box.folder, { recursive: true, encoding: 'utf8' });
    expect(files.filter((name) => !there.startsWith(name))).toEqual([]);
  },
);

test('init leaves a .gitignore of the folder alone', async () => {
  const box = newSandbox();
  box.write('.gitignore', 'node_modules\n');
  expect((await box.run('init', 'invoices', ...UPSTREAM)).code).toBe(0);
  expect(box.read('.gitignore')).toBe('node_modules\n');
});

test('init points editors to the schema only where it is', async () => {
  const box = newSandbox();
  await box.run('init', 'invoices', ...UPSTREAM);
  for (const [, path = ''] of box.read('policy.yaml').matchAll(/\$schema=(\S+)/g))
    expect(existsSync(box.file(path))).toBe(true);
});

test.each([
  { name: 'client', trustDomain: 'acme.test' },
  { name: 'true', trustDomain: 'null' },
  { name: 'a.b-c_d', trustDomain: '1.5' },
  { name: 'x', trustDomain: '-a.test' },
])('init writes YAML that says $name and $trustDomain', async ({ name, trustDomain }) => {
  const box = newSandbox();
  const ran = await box.run('init', name, ...UPSTREAM, `--trust-domain=${trustDomain}`);
  expect(ran).toMatchObject({ code: 0, err: '' });
  expect(Object.keys(configOf(box.folder).config.trust)).toEqual([trustDomain]);
  const policy = loadPolicy(box.read('policy.yaml'), 'policy.yaml');
  expect(policy.trustDomain).toBe(trustDomain);
  expect(policy.agents.map((agent) => agent.name)).toEqual([
    name === 'client' ? 'caller' : 'client',
  ]);
});

test('a relative socket is found from where it was named', async () => {
  const box = newSandbox();
  await box.run('init', 'invoices', '--upstream', "unix:it's here/agent.sock", '--dir', 'gate');
  const { value } = readYaml(box.read('gate/sidegate.yaml'), 'sidegate.yaml');
  expect(value).toMatchObject({ inbound: { upstream: "unix:../it's here/agent.sock" } });
  expect(configOf(box.file('gate')).config.inbound.upstream).toEqual({
    kind: 'unix',
    path: box.file("it's here/agent.sock"),
  });
});
