import { statSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { claimsOf } from '../support/sts-world.ts';
import { newSandbox, type Sandbox } from './sandbox.ts';

const POLICY = `version: 1
trustDomain: acme.test
agents:
  portal: [invoices:read]
  planner: [invoices:read]
routes:
  GET /invoices: [invoices:read]
`;

async function sandbox(): Promise<Sandbox> {
  const box = newSandbox();
  box.write('policy.yaml', POLICY);
  await box.run('ca', 'init');
  await box.run('ca', 'mint', 'portal');
  return box;
}

describe('token keys', () => {
  test('makes a key, then a newer one that signs, and retires the old', async () => {
    const box = newSandbox();
    const list = async () =>
      JSON.parse((await box.run('token', 'keys', '--list', '--json')).out) as { kids: string[] };
    expect(await box.run('token', 'keys')).toMatchObject({ code: 0, err: '' });
    const [first = ''] = (await list()).kids;
    const { out } = await box.run('token', 'keys');
    expect(out).toMatch(new RegExp(`^signs {6}\\S+\\npublished {2}${first}\\n`));
    const [second = ''] = (await list()).kids;
    expect(statSync(box.file('certs/sts.keys.json')).mode & 0o777).toBe(0o600);
    const refused = await box.run('token', 'keys', '--retire', second);
    expect(refused).toMatchObject({
      code: 2,
      err: expect.stringContaining('is the key that signs') as string,
    });
    await box.run('token', 'keys', '--retire', first);
    expect((await list()).kids).toEqual([second]);
    expect(JSON.parse(box.read('certs/sts.jwks.json'))).toMatchObject({ keys: [{ kid: second }] });
  });

  test('says what is wrong', async () => {
    const box = newSandbox();
    expect((await box.run('token', 'keys', '--list')).err).toContain('sidegate token keys');
    expect((await box.run('token', 'keys', '--list', '--retire', 'x')).code).toBe(2);
    await box.run('token', 'keys');
    expect((await box.run('token', 'keys', '--retire', 'x')).err).toContain('has no key x');
  });
});

describe('token mint', () => {
  const MINT = [
    'token',
    'mint',
    '--subject',
    'alice',
    '--for',
    'portal',
    '--scope',
    'invoices:read',
  ];

  test('signs for a subject, for an agent to carry, bound to its certificate', async () => {
    const box = await sandbox();
    const { code, out, err } = await box.run(...MINT, '--audience', 'planner');
    expect(code).toBe(0);
    expect(err).toContain('development: true');
    expect(out).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    expect(claimsOf(out)).toMatchObject({
      ...{ iss: 'https://dev-issuer.invalid', sub: 'alice', scope: 'invoices:read' },
      ...{ client_id: 'spiffe://acme.test/agent/portal', aud: 'spiffe://acme.test/agent/planner' },
      cnf: { 'x5t#S256': expect.stringMatching(/^[\w-]{43}$/) as string },
    });
    expect(claimsOf(out)).not.toHaveProperty('act');
    expect(statSync(box.file('certs/dev-issuer.keys.json')).mode & 0o777).toBe(0o600);
    // The issuer is made once, and told of once.
    expect((await box.run(...MINT, '--audience', 'planner')).err).toBe('');
  });

  test('ends with the certificate, and is for the sidecar of sidegate.yaml unless told', async () => {
    const box = await sandbox();
    await box.run('ca', 'mint', 'planner');
    box.write(
      'sidegate.yaml',
      `inbound: { listen: 127.0.0.1:0, upstream: 'http://127.0.0.1:1' }
identity: { cert: certs/planner.crt, key: certs/planner.key }
trust: { acme.test: { roots: certs/ca.crt } }
policy: policy.yaml
`,
    );
    const { out } = await box.run(...MINT, '--ttl', '30d', '--json');
    const { claims } = JSON.parse(out) as { claims: { aud: string; exp: number } };
    expect(claims.aud).toBe('spiffe://acme.test/agent/planner');
    expect(claims.exp * 1000).toBeLessThanOrEqual(Date.now() + 86_400_000);
  });

  test.each([
    [
      'an agent that is not there',
      ['--for', 'portaal', '--audience', 'planner'],
      "Did you mean 'portal'?",
    ],
    ['an audience that is not there', ['--audience', 'plannr'], "Did you mean 'planner'?"],
    [
      'a certificate of somebody else',
      ['--audience', 'planner', '--cert', 'certs/planner.crt'],
      'is the certificate of',
    ],
    [
      'a certificate that is none',
      ['--audience', 'planner', '--cert', 'policy.yaml'],
      'certificate',
    ],
  ])('refuses %s', async (_, more, said) => {
    const box = await sandbox();
    await box.run('ca', 'mint', 'planner');
    const { code, out, err } = await box.run(...MINT, ...more);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(said);
  });
});
