import { describe, expect, it } from 'vitest';
import { throwawayCa, selfSigned, type Credential } from '../support/pki.ts';
import { world, type World } from '../support/harness.ts';

const HOUR = 3_600_000;
const BILLING = 'spiffe://acme.test/agent/billing';

const ROWS: [string, string, string, (w: World) => Credential | undefined][] = [
  ['no certificate', 'NO_CERTIFICATE', 'identity', () => undefined],
  [
    "a self-signed certificate that claims billing's SPIFFE ID",
    'UNTRUSTED_CERTIFICATE',
    'authentication',
    () => selfSigned({ id: BILLING }),
  ],
  [
    'a certificate of another CA for the same trust domain',
    'UNTRUSTED_CERTIFICATE',
    'authentication',
    () => throwawayCa({ trustDomain: 'acme.test' }).issue({ id: BILLING }),
  ],
  [
    'a certificate of a trust domain that has no roots here',
    'FOREIGN_TRUST_DOMAIN',
    'authentication',
    () =>
      throwawayCa({ trustDomain: 'other.test' }).issue({ id: 'spiffe://other.test/agent/billing' }),
  ],
  [
    'an expired certificate',
    'CERTIFICATE_EXPIRED',
    'authentication',
    (w) => w.issue({ id: BILLING, notBefore: Date.now() - 2 * HOUR, notAfter: Date.now() - HOUR }),
  ],
  [
    'a certificate that is no SVID',
    'CERTIFICATE_NOT_SVID',
    'identity',
    (w) => w.issue({ altNames: [{ type: 'dns', value: 'billing' }] }),
  ],
];

describe('a caller who cannot be verified is told why, and what it sends is never parsed', () => {
  it.each(ROWS)('%s ends with %s at %s', async (_, code, stage, credential) => {
    const w = await world();
    const answer = await w.call({ as: credential(w), path: '/invoices' });
    expect(answer.status).toBe(401);
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(answer.json()).toMatchObject({ status: 401, code, stage });
    expect(answer.text).not.toMatch(/billing|acme|policy|sidegate\.yaml/);
    const lines = await w.ended(1);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      event: 'refused-connection',
      code,
      stage,
      id: answer.json().id,
    });
    expect(await w.why(String(answer.json().id))).toMatchObject({ code });
  });

  it('bytes that are no HTTP get the same answer', async () => {
    const w = await world();
    const socket = await w.raw(selfSigned({ id: BILLING }));
    socket.write('\0\u0001 nonsense');
    const chunks: Buffer[] = [];
    for await (const chunk of socket) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).toString()).toMatch(/^HTTP\/1\.1 401 .*UNTRUSTED_CERTIFICATE/s);
  });
});
