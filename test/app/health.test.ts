import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { DEPENDENCIES, type Vitals } from '../../src/app/dependencies.ts';
import { Health } from '../../src/app/health.ts';
import type { Event } from '../../src/call/index.ts';
import { loadTrust } from '../../src/tls/index.ts';
import { throwawayCa } from '../support/pki.ts';

const NOW = Date.now();
const HOUR = 3_600_000;

/** Two trust domains: roots for a day, lists that end after one hour and after two. */
function health(now: number) {
  const folder = mkdtempSync(join(tmpdir(), 'sidegate-health-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const section = (name: string, hours: number) => {
    const ca = throwawayCa({ trustDomain: name });
    const files = { roots: join(folder, `${name}.crt`), crl: join(folder, `${name}.crl`) };
    writeFileSync(files.roots, ca.certPem);
    writeFileSync(files.crl, ca.crl({ nextUpdate: NOW + hours * HOUR }).pem);
    return files;
  };
  const trust = loadTrust({ 'a.test': section('a.test', 1), 'b.test': section('b.test', 2) }, NOW);
  const identity = { notBefore: NOW - HOUR, notAfter: NOW + 100 * HOUR };
  const rest = { refused: new Set(), audit: 'recording', agentReached: true, issuers: [] };
  const events: Event[] = [];
  const vitals = { now, trust, identity, ...rest } as unknown as Vitals;
  return {
    events,
    vitals,
    health: new Health(
      () => vitals,
      (event) => void events.push(event),
    ),
  };
}

it.each([
  ['all is well', 0, [], []],
  ['the list of one domain has run out: the other is served', 1.5, [], ['crl']],
  ['the lists of both have run out: nobody is', 3, ['REVOCATION_UNKNOWN'], []],
  ['the roots of both have run out', 30, ['CERTIFICATE_EXPIRED'], []],
  ['our own certificate, too: the code is there once', 200, ['CERTIFICATE_EXPIRED'], []],
])('%s', (_, hours, reasons, degraded) => {
  const { health: asked } = health(NOW + hours * HOUR);
  expect(asked.reasons()).toEqual(reasons);
  expect(asked.degraded()).toEqual(degraded);
});

it('every dependency is reported at every look, what changed is told once, with its name', () => {
  const { health: asked, events } = health(NOW + 1.5 * HOUR);
  asked.look();
  asked.look();
  const reported = events.filter(({ kind }) => kind === 'dependency');
  expect(reported).toHaveLength(2 * Object.keys(DEPENDENCIES).length);
  const told = events.flatMap((event) => (event.kind === 'log' ? [event.message] : []));
  expect(told).toEqual([
    'no revocation list of a.test is in force: callers are refused with REVOCATION_UNKNOWN',
  ]);
});

it('what nothing stands on is not shown, and is forgotten when nothing stands on it any more', () => {
  const used = { issuers: [{ usable: false, fault: 'gone' }], tokenServiceReached: false };
  const { health: asked, events, vitals } = health(NOW);
  const shown = () => {
    asked.look();
    const last = events.splice(0).filter((event) => event.kind === 'dependency');
    return last.filter(({ name }) => ['issuerKeys', 'tokenService'].includes(name));
  };
  const both = (fresh: boolean | undefined) =>
    ['issuerKeys', 'tokenService'].map((name) => ({ kind: 'dependency', name, fresh }));
  expect(shown()).toEqual(both(undefined));
  Object.assign(vitals, used);
  expect(shown()).toEqual(both(false));
  expect(asked.degraded()).toEqual(['issuerKeys', 'tokenService']);
  Object.assign(vitals, { issuers: [], tokenServiceReached: undefined });
  expect(shown()).toEqual(both(undefined));
  expect(asked.degraded()).toEqual([]);
});
