import { connect as tlsConnect } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { throwawayCa } from '../support/pki.ts';
import { until, world, type World } from '../support/harness.ts';

const SERVER = { id: 'spiffe://acme.test/agent/invoices', dns: ['localhost'], ip: ['127.0.0.1'] };

/** The serial of the certificate that a new connection is shown. */
function shownSerial(w: World): Promise<string> {
  const { chainPem: cert, keyPem: key } = w.as('billing');
  return new Promise((resolve, reject) => {
    const socket = tlsConnect(
      { host: '127.0.0.1', port: w.port, ca: w.ca.certPem, cert, key },
      () => {
        resolve(socket.getPeerX509Certificate()?.serialNumber ?? '');
        socket.destroy();
      },
    );
    socket.once('error', reject);
  });
}

describe('certificates and trust change without a restart', () => {
  it('a renewed certificate is shown to the next connection, while open calls go on', async () => {
    const w = await world();
    const stream = await w.open({ as: 'billing', path: '/events?every=50&count=20' });
    const renewed = w.issue(SERVER);
    w.write('certs/server.crt', renewed.certPem);
    w.write('certs/server.key', renewed.keyPem);
    w.sidecar.reload();
    expect(await shownSerial(w)).toBe(renewed.serial);
    let events = '';
    for await (const chunk of stream) events += String(chunk);
    expect(events.match(/^event: /gm)).toHaveLength(20);
  });

  it('a certificate without its key leaves the old pair in force, and says so', async () => {
    const w = await world();
    const before = await shownSerial(w);
    w.write('certs/server.crt', w.issue(SERVER).certPem);
    w.sidecar.reload();
    expect(await shownSerial(w)).toBe(before);
    expect(w.log()).toMatch(/identity could not be loaded, the old stays in force: .*does not fit/);
    expect(await w.metrics()).toMatch(
      /^sidegate_reloads_total\{what="identity",result="failed"\} 1$/m,
    );
  });

  it('a root that is taken away ends the connections that it vouched for', async () => {
    const w = await world();
    const stream = await w.open({ as: 'billing', path: '/events?every=60000' });
    const broken = stream.toArray();
    w.write('certs/ca.crt', throwawayCa({ trustDomain: 'acme.test' }).certPem);
    w.sidecar.reload();
    await expect(broken).rejects.toThrow('aborted');
    const [line] = await w.ended(1);
    expect(line).toMatchObject({ code: 'TRUST_CHANGED', how: 'cut' });
    const answer = await w.call({ as: 'billing', path: '/invoices' });
    expect(answer.json().code).toBe('UNTRUSTED_CERTIFICATE');
  });
});

describe('a revoked certificate', () => {
  it('is refused at the next connection, and on those that are open', async () => {
    const w = await world({ crl: true });
    const planner = w.as('planner');
    const stream = await w.open({ as: planner, path: '/events?every=60000' });
    const broken = stream.toArray();
    w.write('certs/ca.crl', w.ca.crl({ revoked: [planner.serial], number: 2 }).pem);
    w.sidecar.reload();
    await expect(broken).rejects.toThrow('aborted');
    const answer = await w.call({ as: planner, path: '/invoices' });
    expect(answer.json().code).toBe('CERTIFICATE_REVOKED');
    const codes = (await w.ended(2)).map(({ code }) => code);
    expect(codes).toEqual(['CERTIFICATE_REVOKED', 'CERTIFICATE_REVOKED']);
    expect((await w.call({ as: 'billing', path: '/invoices' })).status).toBe(200);
  });

  it('cannot be told from others once the list is out of date, so nobody of the domain is let in', async () => {
    const w = await world({ crl: true });
    const end = Math.floor(Date.now() / 1000) * 1000 + 2000;
    w.write('certs/ca.crl', w.ca.crl({ nextUpdate: end, number: 2 }).pem);
    w.sidecar.reload();
    const code = await until(async () => {
      const answer = await w.call({ as: 'billing', path: '/whoami' });
      return answer.status === 200 ? undefined : String(answer.json().code);
    });
    expect(code).toBe('REVOCATION_UNKNOWN');
  });

  it('cannot be told from others without any list', async () => {
    const w = await world({ crl: true });
    w.write('certs/ca.crl', throwawayCa({ trustDomain: 'acme.test' }).crl().pem);
    w.sidecar.reload();
    // A foreign list is no list: the old one stays in force, and says so.
    expect((await w.call({ as: 'billing', path: '/whoami' })).status).toBe(200);
    expect(w.log()).toMatch(/trust could not be loaded, the old stays in force/);
  });
});
