import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { mint, openCa, renew, REVOCATION_REASONS, revoke } from '../../src/ca/index.ts';
import { atOnce, DAY, faultOf, HOUR, newCa, openssl, verify } from './sandbox.ts';

function crlText(path: string): string {
  const { output } = openssl('crl', '-in', path, '-noout', '-text');
  return output;
}

test('openssl takes the certificate before and refuses it after, and takes the others', () => {
  const { folder, ca, clock } = newCa();
  for (const name of ['billing', 'planner']) mint(ca, { name });
  expect(verify(folder, 'billing', clock.at).ok).toBe(true);
  revoke(ca, { target: 'billing' });
  const after = verify(folder, 'billing', clock.at);
  expect(after.ok).toBe(false);
  expect(after.output).toContain('certificate revoked');
  expect(verify(folder, 'planner', clock.at).ok).toBe(true);
});

test('the CRL is version 2, numbered, signed by the CA, and good for a week', () => {
  const { ca, clock, file } = newCa();
  const number = () => Number(/CRL Number:\s+(\S+)/.exec(crlText(file('ca.crl')))?.[1]);
  const before = number();
  mint(ca, { name: 'billing' });
  const { nextUpdate } = revoke(ca, { target: 'billing', reason: 'keyCompromise' });
  expect(nextUpdate).toBe(clock.at + 7 * DAY);
  expect(number()).toBeGreaterThan(before);
  const output = crlText(file('ca.crl'));
  expect(output).toContain('Version 2');
  expect(output).toContain('Authority Key Identifier');
  expect(output).toMatch(/Reason Code:\s+Key Compromise/);
  const signature = openssl('crl', '-in', file('ca.crl'), '-noout', '-CAfile', file('ca.crt'));
  expect(signature.output).toContain('verify OK');
});

test.each(REVOCATION_REASONS)('openssl reads the reason %s', (reason) => {
  const { ca, file } = newCa();
  mint(ca, { name: 'billing' });
  revoke(ca, { target: 'billing', reason });
  expect(crlText(file('ca.crl')).includes('Reason Code')).toBe(reason !== 'unspecified');
});

test('a CRL number never falls, also if the clock is set back', () => {
  const { ca, clock } = newCa();
  for (const name of ['a', 'b']) mint(ca, { name });
  const first = revoke(ca, { target: 'a' }).crlNumber;
  clock.at -= HOUR;
  expect(revoke(ca, { target: 'b' }).crlNumber).toBe(first + 1);
});

describe('revoked is', () => {
  test('by name everything issued to it, the replaced certificates too', () => {
    const { folder, now, ca, clock, file } = newCa();
    const first = mint(ca, { name: 'billing' }).serial;
    clock.at += 20 * HOUR;
    renew({ folder, now });
    const { serials } = revoke(ca, { target: 'billing' });
    expect(serials).toHaveLength(2);
    expect(serials).toContain(first);
    for (const serial of serials) expect(crlText(file('ca.crl'))).toContain(serial);
  });

  test('by serial that one alone, however it is written', () => {
    const { folder, now, ca, clock } = newCa();
    const { serial } = mint(ca, { name: 'billing' });
    clock.at += 20 * HOUR;
    renew({ folder, now });
    const written = serial.toLowerCase().replace(/(..)(?=.)/g, '$1:');
    expect(revoke(ca, { target: written })).toMatchObject({ name: 'billing', serials: [serial] });
    expect(verify(folder, 'billing', clock.at).ok).toBe(true);
  });

  test('also an agent whose files are gone', () => {
    const { ca, file } = newCa();
    const { serial } = mint(ca, { name: 'billing' });
    for (const ending of ['crt', 'key']) rmSync(file(`billing.${ending}`));
    expect(revoke(ca, { target: 'billing' }).serials).toEqual([serial]);
  });

  test('nothing twice, and a second time is no fault', () => {
    const { ca } = newCa();
    mint(ca, { name: 'billing' });
    revoke(ca, { target: 'billing' });
    expect(revoke(ca, { target: 'billing' }).serials).toEqual([]);
  });

  test('nothing that was never issued; a slip of the pen is answered with the name', () => {
    const { ca } = newCa();
    mint(ca, { name: 'billing' });
    expect(() => revoke(ca, { target: 'biling' })).toThrow(
      expect.objectContaining({ name: 'OperatorFault', remedy: "Did you mean 'billing'?" }),
    );
    expect(() => revoke(ca, { target: '00:11:22' })).toThrow('has issued nothing');
  });
});

test('an agent that is minted anew after its revocation is good, and the old certificate stays revoked', () => {
  const { folder, ca, clock, file } = newCa();
  const old = mint(ca, { name: 'billing' }).serial;
  revoke(ca, { target: 'billing' });
  for (const ending of ['crt', 'key']) rmSync(file(`billing.${ending}`));
  clock.at += 1000;
  mint(ca, { name: 'billing' });
  expect(verify(folder, 'billing', clock.at).ok).toBe(true);
  expect(crlText(file('ca.crl'))).toContain(old);
});

test('a revocation leaves the CRL only when the certificate has been expired for a week', () => {
  const { folder, now, ca, clock, file } = newCa();
  const { serial, notAfter } = mint(ca, { name: 'billing' });
  revoke(ca, { target: 'billing' });
  clock.at = notAfter + 6.9 * DAY;
  renew({ folder, now });
  expect(crlText(file('ca.crl'))).toContain(serial);
  clock.at += 7 * DAY;
  renew({ folder, now });
  expect(crlText(file('ca.crl'))).not.toContain(serial);
});

test('a garbled record of a revocation is a fault, not a certificate that is good again', () => {
  const { folder, now, ca, file } = newCa();
  const { serial } = mint(ca, { name: 'billing' });
  revoke(ca, { target: 'billing' });
  const path = file(`issued/billing.${serial}.revoked`);
  const whole = readFileSync(path, 'utf8');
  expect(JSON.parse(whole)).toMatchObject({ reason: 'unspecified' });
  writeFileSync(path, whole.slice(0, 5));
  expect(faultOf(() => renew({ folder, now })).message).toContain('garbled');
  expect(openCa({ folder, now }).trustDomain.name).toBe('acme.test');
});

test('of processes that revoke at once none loses what another revoked', async () => {
  const { folder, now, ca, file } = newCa();
  const names = ['a', 'b', 'c'].flatMap((name) => [0, 1, 2, 3].map((i) => `${name}${i}`));
  const serials = names.map((name) => mint(ca, { name }).serial);
  const program = 'for (let i = 0; i < 4; i++) revoke(ca, { target: argument + i });';
  expect(await atOnce(['a', 'b', 'c'], folder, program)).toEqual(['0 ', '0 ', '0 ']);
  for (const serial of serials) expect(crlText(file('ca.crl'))).toContain(serial);
  expect(renew({ folder, now })).toEqual({ renewed: [], revoked: [], failed: [] });
});

test('a revocation at any moment of a renewal is not lost', () => {
  for (let moment = 1; moment <= 6; moment++) {
    const { folder, now, ca, clock } = newCa();
    mint(ca, { name: 'billing' });
    clock.at += 20 * HOUR;
    let calls = 0;
    const interrupted = () => {
      if (++calls === moment) revoke(openCa({ folder, now }), { target: 'billing' });
      return clock.at;
    };
    renew({ folder, now: interrupted });
    expect(calls).toBeGreaterThanOrEqual(moment);
    expect(verify(folder, 'billing', clock.at).output).toContain('certificate revoked');
  }
});
