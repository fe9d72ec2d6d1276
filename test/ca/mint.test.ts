import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { listCertificates, mint, signCertificate, type MintOptions } from '../../src/ca/index.ts';
import { SpiffeId } from '../../src/spiffe/index.ts';
import { atOnce, DAY, HOUR, MINUTE, newCa, openssl, verify } from './sandbox.ts';

function text(path: string): string {
  return openssl('x509', '-in', path, '-noout', '-text').output;
}

describe('openssl verifies what was minted, strictly and against the CRL', () => {
  const kinds: readonly [string, Omit<MintOptions, 'name'>][] = [
    ['a plain agent', {}],
    ['an agent without a Subject', { subject: 'empty' }],
    [
      'an agent with names for curl',
      { dns: ['localhost', '*.a_b.test'], ip: ['127.0.0.1', '::1'] },
    ],
    ['an agent with an ID of its own', { id: SpiffeId.parse('spiffe://acme.test/ns/prod/sa/x') }],
  ];
  test.each(kinds)('%s, as a client and as a server', (_, options) => {
    const { folder, ca, clock } = newCa();
    mint(ca, { name: 'billing', ...options });
    for (const purpose of ['sslclient', 'sslserver'])
      expect(verify(folder, 'billing', clock.at, '-purpose', purpose).output).toContain('OK');
  });

  test('and the host names that it was given', () => {
    const { folder, ca, clock } = newCa();
    mint(ca, { name: 'billing', dns: ['localhost'], ip: ['127.0.0.1', '::ffff:1.2.3.4'] });
    const check = (flag: string, value: string) =>
      verify(folder, 'billing', clock.at, flag, value).ok;
    expect(check('-verify_hostname', 'localhost')).toBe(true);
    expect(check('-verify_ip', '127.0.0.1')).toBe(true);
    expect(check('-verify_ip', '::ffff:1.2.3.4')).toBe(true);
    expect(check('-verify_hostname', 'billing')).toBe(false);
  });
});

test('an SVID says what X509-SVID asks for, and no more', () => {
  const { ca, file } = newCa();
  const minted = mint(ca, { name: 'billing' });
  expect(minted.id).toBe('spiffe://acme.test/agent/billing');
  const output = text(file('billing.crt'));
  expect(output).toMatch(/Alternative Name: \s+URI:spiffe:\/\/acme\.test\/agent\/billing\n/);
  expect(output).toMatch(/Key Usage: critical\s+Digital Signature\n/);
  expect(output).toMatch(/Basic Constraints: critical\s+CA:FALSE\n/);
  expect(output).toMatch(/TLS Web Server Authentication, TLS Web Client Authentication\n/);
  expect(output).toMatch(/Subject: O = Sidegate, CN = billing\n/);
  expect(output).toContain('Authority Key Identifier');
  expect(output).toContain('Subject Key Identifier');
});

test('without a Subject the alternative names are critical', () => {
  const { ca, file } = newCa();
  mint(ca, { name: 'billing', subject: 'empty' });
  const output = text(file('billing.crt'));
  expect(output).toMatch(/Subject: ?\n/);
  expect(output).toMatch(/Alternative Name: critical\n/);
});

test('the key has mode 0600 and nothing else lies about', () => {
  const { folder, ca, file } = newCa();
  mint(ca, { name: 'billing' });
  expect(statSync(file('billing.key')).mode & 0o777).toBe(0o600);
  const names = readdirSync(folder);
  expect(names).toEqual(['billing.crt', 'billing.key', 'ca.crl', 'ca.crt', 'ca.key', 'issued']);
});

describe('an SVID lives', () => {
  test('a day, from a minute ago', () => {
    const { ca, clock } = newCa();
    const { notBefore, notAfter } = mint(ca, { name: 'billing' });
    expect([notBefore, notAfter]).toEqual([clock.at - MINUTE, clock.at + DAY]);
  });

  test('never longer than the CA', () => {
    const { ca, clock } = newCa({ life: 3 * HOUR });
    expect(mint(ca, { name: 'billing' }).notAfter).toBe(clock.at + 3 * HOUR);
  });

  test('exactly from and to, where that is asked for: so an expired one can be made', () => {
    const { folder, ca, clock } = newCa();
    const validity = { notBefore: clock.at - 2 * HOUR, notAfter: clock.at - HOUR };
    expect(mint(ca, { name: 'late', validity })).toMatchObject(validity);
    expect(verify(folder, 'late', clock.at).output).toContain('certificate has expired');
  });

  test.each([
    { life: -HOUR },
    { life: Number.NaN },
    { validity: { notBefore: HOUR, notAfter: HOUR } },
  ])('not backwards: %j', (options) => {
    const { ca } = newCa();
    expect(() => mint(ca, { name: 'billing', ...options })).toThrow('end before it begins');
  });

  test('not under a CA that has expired', () => {
    const { ca, clock } = newCa({ life: HOUR });
    clock.at += HOUR;
    expect(() => mint(ca, { name: 'billing' })).toThrow(/the CA in .* expired/);
  });
});

describe('what this CA may not sign is refused, and leaves nothing behind', () => {
  const id = (value: string) => ({ name: 'billing', id: SpiffeId.parse(value) });
  const cases: readonly [string, MintOptions, string][] = [
    ['another trust domain', id('spiffe://other.test/agent/billing'), 'not in the trust domain'],
    ['a subdomain', id('spiffe://sub.acme.test/agent/billing'), 'not in the trust domain'],
    ['no path', id('spiffe://acme.test'), 'names the whole trust domain'],
    ['the name of the CA', { name: 'ca' }, 'cannot be the name'],
    ['the name of the CA in capitals', { name: 'CA' }, 'cannot be the name'],
    ['a path', { name: '../billing' }, 'cannot be the name'],
    ['a hidden file', { name: '.billing' }, 'cannot be the name'],
    ['an option', { name: '-billing' }, 'cannot be the name'],
    ['nothing', { name: '' }, 'cannot be the name'],
    ['a long name', { name: 'a'.repeat(64) }, 'cannot be the name'],
    ['a DNS name with a comma', { name: 'a', dns: ['a, URI:spiffe://x/y'] }, 'not a DNS name'],
    ['an IP address that is none', { name: 'a', ip: ['127.0.0'] }, 'not an IP address'],
    ['an IP address with a zone', { name: 'a', ip: ['fe80::1%eth0'] }, 'not an IP address'],
  ];
  test.each(cases)('%s', (_, options, message) => {
    const { folder, ca } = newCa();
    expect(() => mint(ca, options)).toThrow(message);
    expect(readdirSync(folder)).toEqual(['ca.crl', 'ca.crt', 'ca.key', 'issued']);
    expect(readdirSync(`${folder}/issued`)).toEqual(['crl.json']);
  });
});

test('openssl itself refuses an ID of another trust domain under this CA', () => {
  const { folder, ca, clock, file } = newCa();
  mint(ca, { name: 'billing' });
  for (const host of ['other.test', 'sub.acme.test', 'acme.test.other']) {
    const forged = signCertificate(
      {
        subject: [],
        issuer: ca.facts.subject,
        publicKey: ca.facts.x509.publicKey,
        notBefore: clock.at,
        notAfter: clock.at + HOUR,
        altNames: [{ type: 'uri', value: `spiffe://${host}/agent/billing` }],
        keyUsage: ['digitalSignature'],
      },
      ca.key,
    );
    writeFileSync(file('forged.crt'), forged.pem);
    const result = verify(folder, 'forged', clock.at);
    expect(result.output).toContain('permitted subtree violation');
    expect(result.ok).toBe(false);
  }
});

test('every name that is taken can be minted and found again', () => {
  const { folder, ca, clock, now } = newCa();
  const names = fc.stringMatching(/^[a-zA-Z0-9][a-zA-Z0-9._-]{0,30}$/);
  const seen = new Set(['ca']);
  fc.assert(
    fc.property(names, (name) => {
      fc.pre(!seen.has(name.toLowerCase()));
      seen.add(name.toLowerCase());
      mint(ca, { name });
      const report = listCertificates({ folder, now }).find((one) => one.name === name);
      expect(report).toMatchObject({ state: 'valid', what: 'agent' });
      expect(verify(folder, name, clock.at).ok).toBe(true);
    }),
    { numRuns: 15 },
  );
});

describe('mint overwrites nothing, and says what half of a pair is there', () => {
  test.each([
    ['both', [], /are there already/],
    ['the key alone', ['billing.crt'], /billing\.key is there without/],
    ['the certificate alone', ['billing.key'], /billing\.crt is there without/],
  ])('%s', (_, missing, message) => {
    const { folder, ca, file } = newCa();
    mint(ca, { name: 'billing' });
    for (const name of missing) rmSync(file(name));
    const before = contents(folder);
    expect(() => mint(ca, { name: 'billing' })).toThrow(message);
    expect(contents(folder)).toEqual(before);
  });

  function contents(folder: string) {
    return readdirSync(folder)
      .filter((name) => name !== 'issued')
      .map((name) => [name, readFileSync(`${folder}/${name}`, 'utf8')]);
  }
});

test('processes that mint at once leave whole pairs, and only one gets a contested name', async () => {
  const { folder } = newCa();
  const outputs = await atOnce(
    ['a', 'b', 'c'],
    folder,
    `for (let i = 0; i < 5; i++) mint(ca, { name: argument + i });
     try { mint(ca, { name: 'contested' }); } catch (fault) { console.log(fault.name); }`,
  );
  expect(outputs.toSorted()).toEqual(['0 ', '0 OperatorFault\n', '0 OperatorFault\n']);
  const reports = listCertificates({ folder, now: Date.now });
  expect(reports.map(({ state }) => state)).toEqual(Array.from({ length: 17 }, () => 'valid'));
  // What the losers signed was forgotten again.
  expect(readdirSync(`${folder}/issued`)).toHaveLength(16 + 1);
});
