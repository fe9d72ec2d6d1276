import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { until } from '../support/harness.ts';
import { outboundWorld, tokenIn } from '../support/outbound.ts';
import { answerJson, type Seen } from '../support/peers.ts';
import type { Credential } from '../support/pki.ts';
import { idOf } from '../support/tokens.ts';

it('each token goes over a connection of the certificate that it is bound to, and no call fails', async () => {
  const w = await outboundWorld();
  const handle = await w.handle('planner', {});
  w.billing.answer((seen, response) => {
    const bound = tokenIn(seen)?.thumbprint === seen.thumbprint;
    // Some are still under way when the certificate changes.
    setTimeout(() => answerJson(response, bound ? 200 : 401, {}), 5);
  });
  const statuses: number[] = [];
  const running = { on: true };
  const caller = async (): Promise<void> => {
    while (running.on) statuses.push((await w.out({ peer: 'billing', handle })).status);
  };
  const callers = Array.from({ length: 8 }, caller);
  for (let i = 0; i < 3; i++) {
    const next = w.issue({ id: idOf('invoices') });
    w.write('certs/server.key', next.keyPem);
    w.write('certs/server.crt', next.certPem);
    // Nothing else is loaded: it is the files that are noticed.
    await until(() => w.billing.seen.some(shows(next)) || undefined);
  }
  running.on = false;
  await Promise.all(callers);
  expect(statuses.filter((status) => status !== 200)).toEqual([]);
  const shown = new Set(w.billing.seen.map(({ thumbprint }) => thumbprint));
  expect(shown.size).toBe(4);
  expect(w.billing.seen.every((seen) => tokenIn(seen)?.thumbprint === seen.thumbprint)).toBe(true);
});

it('trust that changes makes every connection anew', async () => {
  const w = await outboundWorld();
  expect((await w.out({ peer: 'open' })).status).toBe(200);
  expect((await w.out({ peer: 'open' })).status).toBe(200);
  expect(w.ledger.connections).toBe(1);
  w.write('certs/ca.crt', `${w.ca.certPem}\n`);
  await until(async () => {
    expect((await w.out({ peer: 'open' })).status).toBe(200);
    return w.ledger.connections > 1 || undefined;
  });
});

function shows({ der }: Credential): (seen: Seen) => boolean {
  const thumbprint = createHash('sha256').update(der).digest('base64url');
  return (seen) => seen.thumbprint === thumbprint;
}
