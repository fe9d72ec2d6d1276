import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ensure, mint } from '../../src/ca/index.ts';
import { TrustDomain } from '../../src/spiffe/index.ts';
import { ACME, DAY, newCa, newFolder, verify } from './sandbox.ts';

const AGENTS = [{ name: 'billing', dns: ['localhost'], ip: ['127.0.0.1'] }, { name: 'planner' }];

test('ensure makes everything the first time and nothing the second time', () => {
  const options = { folder: join(newFolder(), 'certs'), trustDomain: ACME, now: Date.now };
  const first = ensure({ ...options, agents: AGENTS });
  expect(first.caCreated).toBe(true);
  expect(first.minted.map(({ name }) => name)).toEqual(['billing', 'planner']);
  for (const { name } of AGENTS) expect(verify(options.folder, name, Date.now()).ok).toBe(true);
  const second = ensure({ ...options, agents: AGENTS });
  expect(second).toEqual({
    caCreated: false,
    minted: [],
    renewal: { renewed: [], revoked: [], failed: [] },
  });
});

test('ensure mints what is missing, renews what is due and repairs what is broken', () => {
  const { folder, now, ca, clock, file } = newCa();
  for (const name of ['due', 'broken']) mint(ca, { name });
  rmSync(file('broken.key'));
  clock.at += DAY;
  const done = ensure({
    folder,
    now,
    trustDomain: ACME,
    agents: [{ name: 'new' }, { name: 'due' }],
  });
  expect(done.minted.map(({ name }) => name)).toEqual(['new']);
  expect(done.renewal.renewed).toMatchObject([
    { name: 'broken', why: 'broken' },
    { name: 'due', why: 'due' },
  ]);
});

test('ensure refuses a CA of another trust domain', () => {
  const { folder, now } = newCa();
  const trustDomain = TrustDomain.parse('other.test');
  expect(() => ensure({ folder, now, trustDomain, agents: AGENTS })).toThrow(
    'is for the trust domain acme.test, not other.test',
  );
});

test('ensure refuses half a CA', () => {
  const { folder, now, file } = newCa();
  rmSync(file('ca.crt'));
  expect(() => ensure({ folder, now, trustDomain: ACME, agents: AGENTS })).toThrow('without');
});
