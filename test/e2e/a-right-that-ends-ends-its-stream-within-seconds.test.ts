import { afterAll, expect, it } from 'vitest';
import { adminCall } from '../../src/status/index.ts';
import { join } from 'node:path';
import { POLICY, world, type World } from '../support/harness.ts';
import type { Credential } from '../support/pki.ts';

/** Ends the right of this credential, and gives the moment from which on it had ended. */
type Ending = (w: World, credential: Credential) => Promise<number> | number;

const seconds: string[] = [];
afterAll(() =>
  process.stdout.write(`seconds from the change to the last byte: ${seconds.join(', ')}\n`),
);

const kill: Ending = async (w) => {
  const begun = performance.now();
  await adminCall(join(w.folder, 'sidegate.sock'), 'POST', '/kill?agent=planner');
  return begun;
};
const changePolicy: Ending = (w) => {
  w.write('policy.yaml', POLICY.replace('planner: [invoices:read]', 'planner: []'));
  return performance.now();
};
const revoke: Ending = (w, { serial }) => {
  w.write('certs/ca.crl', w.ca.crl({ revoked: [serial], number: 2 }).pem);
  return performance.now();
};
const expire: Ending = () => performance.now() + (EXPIRES - Date.now());

let EXPIRES = 0;

it.each([
  ['kill', kill, 'AGENT_DISABLED'],
  ['policy change', changePolicy, 'SCOPE_MISSING'],
  ['revocation', revoke, 'CERTIFICATE_REVOKED'],
  ['expiry', expire, 'CERTIFICATE_EXPIRED'],
] as const)('%s', async (name, end, code) => {
  const w = await world({ crl: true });
  EXPIRES = Math.floor(Date.now() / 1000) * 1000 + 3000;
  const id = 'spiffe://acme.test/agent/planner';
  const credential = w.issue(name === 'expiry' ? { id, notAfter: EXPIRES } : { id });
  const stream = await w.open({ as: credential, path: '/events?every=20' });
  const broken = expect(stream.toArray()).rejects.toThrow('aborted');
  const over = broken.then(() => performance.now());
  const from = await end(w, credential);
  const last = await over;
  seconds.push(`${name} ${Math.max(0, (last - from) / 1000).toFixed(2)}`);
  const [line] = (await w.ended(1)).filter(({ event }) => event === 'call');
  expect(line).toMatchObject({ code, how: 'cut' });
});
