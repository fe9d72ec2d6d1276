import { once } from 'node:events';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import {
  createServer,
  getCACertificates,
  setDefaultCACertificates,
  type TLSSocket,
  type TlsOptions,
} from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Refusal } from '../../src/call/index.ts';
import { SpiffeId } from '../../src/spiffe/index.ts';
import { createDialer, type DialledServer, type Trust } from '../../src/tls/index.ts';
import { selfSigned, throwawayCa, type Credential, type IssueOptions } from '../support/pki.ts';
import { HOUR, identityOf, trustOf } from './rig.ts';

const WANTED = 'spiffe://acme.test/agent/billing';
const ca = throwawayCa({ trustDomain: 'acme.test' });
const partner = throwawayCa({ trustDomain: 'partner.test', nameConstraints: undefined });
const planner = ca.issue({ id: 'spiffe://acme.test/agent/planner' });

function bothDomains(): Trust {
  return trustOf({
    'acme.test': { roots: ca.certPem },
    'partner.test': { roots: partner.certPem },
  });
}

interface TestServer {
  readonly port: number;
  readonly sockets: TLSSocket[];
  /** Of each connection, whether it went on with an old session, and the names that it showed. */
  readonly seen: string[];
  /** Bytes that came after a handshake. */
  readonly bytes: () => number;
}

async function serverOf(credential: Credential, more: TlsOptions = {}): Promise<TestServer> {
  const sockets: TLSSocket[] = [];
  const seen: string[] = [];
  let bytes = 0;
  const { chainPem: cert, keyPem: key } = credential;
  const asked = { requestCert: true, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] };
  const server = createServer({ cert, key, ca: ca.certPem, ...asked, ...more }, (socket) => {
    sockets.push(socket);
    const { subjectAltName } = socket.getPeerX509Certificate() ?? {};
    seen.push(`${socket.isSessionReused() ? 'resumed' : 'new'}, ${subjectAltName ?? 'nobody'}`);
    socket.on('data', (chunk: Buffer) => (bytes += chunk.length)).on('error', () => undefined);
  });
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, sockets, seen, bytes: () => bytes };
}

interface Wish {
  readonly host?: string;
  readonly port: number;
  readonly spiffeId?: string | undefined;
  readonly trust?: Trust;
  readonly now?: number;
  readonly timeout?: number;
}

async function dialled(wish: Wish): Promise<DialledServer | Refusal> {
  const { host = '127.0.0.1', port, now = Date.now(), timeout } = wish;
  const { trust = bothDomains() } = wish;
  const text = 'spiffeId' in wish ? wish.spiffeId : WANTED;
  const dial = createDialer({
    trust: () => trust,
    now: () => now,
    ...(timeout === undefined ? {} : { timeout }),
  });
  const spiffeId = text === undefined ? undefined : SpiffeId.parse(text);
  const target = { host, port, spiffeId, identity: identityOf(planner) };
  const result = await new Promise<DialledServer | Refusal>((resolve) => dial(target, resolve));
  if (!(result instanceof Refusal)) onTestFinished(() => void result.socket.destroy());
  return result;
}

/** The ID of the verified server, or the code with its detail. */
async function verdict(wish: Wish): Promise<string> {
  const result = await dialled(wish);
  if (result instanceof Refusal) return `${result.code}: ${result.detail}`;
  return result.peer?.spiffeId.toString() ?? 'the web vouches for it';
}

const billing = (options: IssueOptions = {}): Credential => ca.issue({ id: WANTED, ...options });

describe('a server that we dial', () => {
  it('is verified by its SPIFFE ID, and is shown ours', async () => {
    const server = await serverOf(billing());
    expect(await verdict(server)).toBe(WANTED);
    await expect.poll(() => server.seen).toEqual(['new, URI:spiffe://acme.test/agent/planner']);
  });

  it('may stand below an intermediate that it sends along', async () => {
    const server = await serverOf(ca.intermediate().issue({ id: WANTED }));
    expect(await verdict(server)).toBe(WANTED);
  });

  const hour = Date.now() - HOUR;
  const strangers: readonly [what: string, credential: () => Credential, says: RegExp][] = [
    [
      'another ID',
      () => ca.issue({ id: 'spiffe://acme.test/agent/ledger' }),
      /it is .*ledger, not/,
    ],
    ['two IDs', () => billing({ altNames: twice }), /it is no SVID: .*more than one URI/],
    ['a DNS name alone', () => billing({ altNames: [dns] }), /it is no SVID: .*no URI/],
    ['a client certificate', () => billing({ extendedKeyUsage: ['clientAuth'] }), /./],
    ['a certificate that has expired', () => billing({ notAfter: hour }), /CERT_HAS_EXPIRED/],
    ['one that nobody vouches for', () => selfSigned({ id: WANTED }), /SELF_SIGNED/],
    ['one of another trust domain', () => partner.issue({ id: WANTED }), /UNABLE_TO_/],
  ];
  const twice = [WANTED, 'spiffe://acme.test/agent/ledger'].map(
    (value) => ({ type: 'uri', value }) as const,
  );
  const dns = { type: 'dns', value: 'localhost' } as const;

  it.each(strangers)('is refused with %s, and gets no byte', async (_what, credential, says) => {
    const server = await serverOf(credential());
    const said = await verdict(server);
    expect(said).toMatch(/^PEER_UNTRUSTED: /);
    expect(said).toMatch(says);
    expect(server.bytes()).toBe(0);
  });

  it('is refused if it is revoked, or nobody knows', async () => {
    const credential = billing();
    const server = await serverOf(credential);
    const withCrl = (crl: string) => trustOf({ 'acme.test': { roots: ca.certPem, crl } });
    const revoked = withCrl(ca.crl({ revoked: [credential.serial] }).pem);
    expect(await verdict({ ...server, trust: revoked })).toMatch(/CERTIFICATE_REVOKED/);
    const old = withCrl(ca.crl({ nextUpdate: Date.now() - 1000 }).pem);
    expect(await verdict({ ...server, trust: old })).toMatch(/REVOCATION_UNKNOWN/);
    expect(await verdict({ ...server, trust: withCrl(ca.crl().pem) })).toBe(WANTED);
  });

  it('is refused by our own clock, too', async () => {
    const server = await serverOf(billing());
    const later = Date.now() + 2 * HOUR;
    expect(await verdict({ ...server, now: later })).toMatch(
      /^PEER_UNTRUSTED: CERTIFICATE_EXPIRED/,
    );
  });

  it('is not even dialled if its trust domain has no roots here', async () => {
    const server = await serverOf(billing());
    const spiffeId = 'spiffe://other.test/agent/billing';
    expect(await verdict({ ...server, spiffeId })).toMatch(/^PEER_UNTRUSTED: .*no roots here/);
    expect(server.sockets).toEqual([]);
  });

  it('never resumes a session, which would skip the check', async () => {
    const server = await serverOf(billing(), { sessionTimeout: 300 });
    for (let i = 0; i < 3; i++) {
      const result = await dialled(server);
      if (result instanceof Refusal) throw new Error(result.detail);
      // The ticket comes with the first bytes after the handshake.
      const ticket = once(result.socket, 'session');
      await expect.poll(() => server.sockets.length).toBe(i + 1);
      server.sockets[i]?.write('x');
      await ticket;
      result.socket.destroy();
    }
    expect(server.seen.map((seen) => seen.split(',')[0])).toEqual(['new', 'new', 'new']);
  });

  it('speaks TLS 1.3 or is not talked to', async () => {
    const server = await serverOf(billing(), { maxVersion: 'TLSv1.2' });
    expect(await verdict(server)).toMatch(/^PEER_UNREACHABLE: /);
  });

  it('that does not answer, or not in time, is unreachable', async () => {
    const silent = createTcpServer((socket) => void socket.on('error', () => undefined).resume());
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    expect(await verdict({ port, timeout: 100 })).toBe('PEER_UNREACHABLE: no connection in time');
    silent.close();
    await once(silent, 'close');
    expect(await verdict({ port })).toBe('PEER_UNREACHABLE: ECONNREFUSED');
  });
});

describe('a server without a SPIFFE ID', () => {
  it('is held against the CAs of the web and its name', async () => {
    const server = await serverOf(billing({ dns: ['localhost'] }));
    const web = { ...server, host: 'localhost', spiffeId: undefined };
    expect(await verdict(web)).toMatch(/^PEER_UNTRUSTED: OpenSSL: /);
    const before = getCACertificates('default');
    const root = throwawayCa({ trustDomain: 'acme.test', nameConstraints: undefined });
    setDefaultCACertificates([root.certPem]);
    onTestFinished(() => setDefaultCACertificates(before));
    const named = await serverOf(root.issue({ dns: ['localhost'] }));
    const inTheWeb = { ...named, host: 'localhost', spiffeId: undefined };
    expect(await verdict(inTheWeb)).toBe('the web vouches for it');
    const other = await serverOf(root.issue({ dns: ['elsewhere.test'] }));
    expect(await verdict({ ...inTheWeb, port: other.port })).toMatch(
      /ERR_TLS_CERT_ALTNAME_INVALID/,
    );
  });
});
