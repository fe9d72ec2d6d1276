import { expect, it } from 'vitest';
import { until } from '../support/harness.ts';
import { outboundWorld, type OutboundOptions } from '../support/outbound.ts';
import { throwawayCa, type ThrowawayCa } from '../support/pki.ts';
import { idOf } from '../support/tokens.ts';

const PEERS = `  billing: { at: 'https://127.0.0.1:{billing}', authority: own, scopes: [invoices:read] }`;
const HOUR = 3_600_000;

const impostors: readonly [string, NonNullable<OutboundOptions['shows']>, string][] = [
  ['with another SPIFFE ID', (ca) => ca.issue({ id: idOf('ledger') }), 'ledger, not'],
  ['of another CA', () => otherCa().issue({ id: idOf('billing') }), 'OpenSSL'],
  ['whose certificate has expired', expired, 'CERT_HAS_EXPIRED'],
  ['whose certificate is for clients', forClients, ''],
];

function expired(ca: ThrowawayCa) {
  return ca.issue({ id: idOf('billing'), notAfter: Date.now() - HOUR });
}

function forClients(ca: ThrowawayCa) {
  return ca.issue({ id: idOf('billing'), extendedKeyUsage: ['clientAuth'] });
}

function otherCa(): ThrowawayCa {
  return throwawayCa({ trustDomain: 'acme.test' });
}

it.each(impostors)(
  'a server %s at the address of a peer gets no byte',
  async (_, shows, detail) => {
    const w = await outboundWorld({ peers: PEERS, shows });
    const answer = await w.out({ peer: 'billing', method: 'POST', body: 'secret' });
    expect(answer.status).toBe(502);
    expect(answer.json()).toMatchObject({ code: 'PEER_UNTRUSTED', stage: 'upstream' });
    expect(answer.text).not.toContain('spiffe');
    expect(w.billing.seen).toEqual([]);
    const [line] = await w.sent(1);
    expect(line?.detail).toContain(detail);
  },
);

it('a connection to a peer that is revoked while it is open is not used again', async () => {
  const w = await outboundWorld({ peers: PEERS, crl: true, shows: (ca) => ca.issue(BILLING) });
  w.billing.show(w.issue(BILLING), 'anew');
  const credential = w.issue(BILLING);
  w.billing.show(credential);
  expect((await w.out({ peer: 'billing' })).status).toBe(200);
  expect((await w.out({ peer: 'billing' })).status).toBe(200);
  expect(w.billing.connections).toBe(1);
  w.write('certs/ca.crl', w.ca.crl({ revoked: [credential.serial], number: 2 }).pem);
  w.sidecar.reload();
  const refused = await w.out({ peer: 'billing' });
  expect(refused.json()).toMatchObject({ code: 'PEER_UNTRUSTED' });
  expect((await w.sent(3))[2]?.detail).toContain('CERTIFICATE_REVOKED');
  w.billing.show(w.issue(BILLING));
  expect((await w.out({ peer: 'billing' })).status).toBe(200);
  expect(w.billing.seen.length).toBe(3);
});

const BILLING = { id: idOf('billing') };

it('a connection whose peer certificate expires is not used again', async () => {
  let now = Date.now();
  const shows = (ca: ThrowawayCa) => ca.issue({ ...BILLING, notAfter: now + HOUR / 2 });
  const w = await outboundWorld({ peers: PEERS, shows, now: () => now });
  expect((await w.out({ peer: 'billing' })).status).toBe(200);
  w.billing.show(w.issue({ ...BILLING, notAfter: now + 2 * HOUR }));
  now += HOUR / 2;
  expect((await w.out({ peer: 'billing' })).status).toBe(200);
  expect(w.billing.connections).toBe(2);
});

it('a connection of before is never resumed: each makes a full handshake', async () => {
  const w = await outboundWorld({ peers: PEERS });
  for (let i = 1; i <= 3; i++) {
    expect((await w.out({ peer: 'billing' })).status).toBe(200);
    w.billing.show(w.issue(BILLING), 'anew');
    await until(() => (w.billing.seen.length === i ? true : undefined));
  }
  expect(w.billing.seen.map(({ resumed }) => resumed)).toEqual([false, false, false]);
  w.billing.show(w.issue({ id: idOf('ledger') }), 'anew');
  expect((await w.out({ peer: 'billing' })).json()).toMatchObject({ code: 'PEER_UNTRUSTED' });
});

it('a peer that cannot be reached is said to be that', async () => {
  const w = await outboundWorld({ peers: PEERS });
  w.billing.stop();
  expect((await w.out({ peer: 'billing' })).json()).toMatchObject({ code: 'PEER_UNREACHABLE' });
});
