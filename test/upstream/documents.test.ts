import { expect, describe, it } from 'vitest';
import { Refusal } from '../../src/call/index.ts';
import { SpiffeId } from '../../src/spiffe/index.ts';
import { createDialer } from '../../src/tls/index.ts';
import { fetchDocument, placeOf } from '../../src/upstream/index.ts';
import { startServer, type Answering } from '../support/peers.ts';
import { throwawayCa } from '../support/pki.ts';
import { trustOf } from '../tls/rig.ts';

const ca = throwawayCa({ trustDomain: 'acme.test' });
const STS = SpiffeId.parse('spiffe://acme.test/sts');

async function fetched(how: Answering, bounds: { maxBytes?: number; timeout?: number } = {}) {
  const server = await startServer(ca.issue({ id: STS.toString() }), ca.certPem, how);
  const trust = trustOf({ 'acme.test': { roots: ca.certPem } });
  const dialer = createDialer({ trust: () => trust, now: Date.now });
  const url = `https://127.0.0.1:${server.port}/jwks?x=1`;
  const target = { ...placeOf(url).place, spiffeId: STS, identity: undefined };
  const wish = { url, maxBytes: 1000, timeout: 5000, ...bounds };
  const document = await fetchDocument(wish, (done) => dialer(target, done)).catch(
    (error: unknown) => error,
  );
  return { document, server };
}

/** Of what should not have been an answer. */
async function refused(how: Answering, bounds?: { maxBytes?: number; timeout?: number }) {
  const { document } = await fetched(how, bounds);
  return document instanceof Refusal ? `${document.code}: ${document.detail}` : document;
}

describe('a document that is fetched', () => {
  it('comes whole, with its type', async () => {
    const { document, server } = await fetched((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
    const bytes = Buffer.from('{}');
    expect(document).toEqual({ status: 200, contentType: 'application/json', bytes });
    expect(server.seen[0]).toMatchObject({ method: 'GET', path: '/jwks?x=1', client: '' });
  });

  it('is not fetched from where the server would send us', async () => {
    const { document, server } = await fetched((_, response) => {
      response.writeHead(302, { location: '/other' }).end();
    });
    expect(document).toMatchObject({ status: 302 });
    expect(server.seen.length).toBe(1);
  });

  it('has an end, and not too late', async () => {
    const big: Answering = (_, response) => void response.end('x'.repeat(1001));
    expect(await refused(big)).toMatch(/^UPSTREAM_PROTOCOL: .*more than 1000 bytes/);
    const endless: Answering = (_, response) => {
      const more = setInterval(() => response.write('x'), 1);
      response.on('close', () => clearInterval(more));
    };
    expect(await refused(endless, { timeout: 200 })).toMatch(/^UPSTREAM_(TIMEOUT|PROTOCOL)/);
    const silent: Answering = () => undefined;
    expect(await refused(silent, { timeout: 100 })).toMatch(/^UPSTREAM_TIMEOUT/);
    const half: Answering = (_, response) => {
      response.writeHead(200, { 'content-length': '10' }).write('half');
      setTimeout(() => response.destroy(), 20);
    };
    expect(await refused(half)).toMatch(/^UPSTREAM_PROTOCOL/);
  });

  it('is not unpacked', async () => {
    const packed: Answering = (_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end('x');
    };
    expect(await refused(packed)).toMatch(/^UPSTREAM_PROTOCOL: the answer is packed/);
  });

  it('is fetched over https only', async () => {
    const wish = { url: 'http://127.0.0.1/', maxBytes: 1, timeout: 1 };
    await expect(fetchDocument(wish, () => undefined)).rejects.toThrow('only https');
  });

  it('is refused with the words of whoever dials', async () => {
    const refusal = new Refusal('PEER_UNTRUSTED', 'it is somebody else');
    const wish = { url: 'https://127.0.0.1:9/', maxBytes: 1, timeout: 5000 };
    await expect(fetchDocument(wish, (done) => done(refusal))).rejects.toBe(refusal);
  });
});
