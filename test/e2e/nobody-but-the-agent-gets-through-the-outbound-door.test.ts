import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, type NetConnectOpts } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { outboundWorld, type OutOptions, type OutboundWorld } from '../support/outbound.ts';

const PEERS = `  open: { at: 'https://127.0.0.1:{ledger}', id: 'spiffe://acme.test/agent/ledger' }`;

it('the door is a Unix socket that belongs to its owner alone, and is gone with the sidecar', async () => {
  const w = await outboundWorld({ peers: PEERS });
  const path = join(w.folder, 'out.sock');
  expect(statSync(path).mode & 0o777).toBe(0o600);
  await w.sidecar.drain();
  expect(statSync(path, { throwIfNoEntry: false })).toBeUndefined();
});

const browsers: readonly [string, OutOptions][] = [
  ['an origin', { headers: { origin: 'https://evil.test' } }],
  ['an origin that is null', { headers: { origin: 'null' } }],
  ['Sec-Fetch-Site', { headers: { 'Sec-Fetch-Site': 'none' } }],
  ['Sec-Fetch-Mode, folded', { headers: { sec_fetch_mode: 'navigate' } }],
  ['another host', { headers: { host: 'localhost' } }],
  ['the peer without its domain', { headers: { host: 'open' } }],
  ['a domain around it', { headers: { host: 'open.peer.internal.evil.test' } }],
  ['more labels', { headers: { host: 'a.open.peer.internal' } }],
  ['capitals', { headers: { host: 'Open.peer.internal' } }],
  ['a final dot', { headers: { host: 'open.peer.internal.' } }],
  ['a port', { headers: { host: 'open.peer.internal:8443' } }],
];

it.each(browsers)('a request with %s is refused', async (_, options) => {
  const w = await outboundWorld({ peers: PEERS });
  const answer = await w.out({ headers: { host: 'open.peer.internal', ...options.headers } });
  expect(answer.status).toBe(403);
  expect(answer.json()).toMatchObject({ code: 'OUTBOUND_REFUSED' });
  expect((await w.sent(1))[0]).toMatchObject({ code: 'OUTBOUND_REFUSED', decision: 'deny' });
  expect(w.ledger.connections).toBe(0);
});

const raw: readonly [string, string][] = [
  ['a proxy request', 'GET http://open.peer.internal/ HTTP/1.1\r\nHost: open.peer.internal'],
  ['a tunnel', 'CONNECT open.peer.internal:443 HTTP/1.1\r\nHost: open.peer.internal:443'],
];

it.each(raw)('%s is refused', async (_, head) => {
  const w = await outboundWorld({ peers: PEERS });
  const heard = await said(doorOf(w), `${head}\r\n\r\n`);
  expect(heard).toMatch(/^HTTP\/1\.1 403 /);
  expect(heard).toContain('OUTBOUND_REFUSED');
  expect((await w.sent(1))[0]).toMatchObject({ code: 'OUTBOUND_REFUSED' });
});

const malformed: readonly [string, string][] = [
  ['two hosts', 'GET / HTTP/1.1\r\nHost: open.peer.internal\r\nHost: open.peer.internal'],
  ['an old version', 'GET / HTTP/1.0\r\nHost: open.peer.internal'],
  ['a path in disguise', 'GET /a/%2e%2e/b HTTP/1.1\r\nHost: open.peer.internal'],
  [
    'two lengths',
    'POST / HTTP/1.1\r\nHost: open.peer.internal\r\nContent-Length: 1\r\nContent-Length: 1',
  ],
  ['no HTTP', 'nonsense'],
];

it.each(malformed)('what can be read in two ways is refused: %s', async (_, head) => {
  const w = await outboundWorld({ peers: PEERS });
  expect(await said(doorOf(w), `${head}\r\n\r\n`)).toContain('MALFORMED_REQUEST');
  const denied = (await w.audit()).filter(({ direction }) => direction === 'outbound');
  expect(denied.map(({ code }) => code)).toEqual(['MALFORMED_REQUEST']);
  expect(w.ledger.connections).toBe(0);
});

it('no peer but those of the policy can be called, and an upgrade is not passed on', async () => {
  const w = await outboundWorld({ peers: PEERS });
  expect((await w.out({ peer: 'vault' })).json()).toMatchObject({ code: 'PEER_UNKNOWN' });
  const refused = await said(
    doorOf(w),
    'GET / HTTP/1.1\r\nHost: open.peer.internal\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n',
  );
  expect(refused).toContain('UPGRADE_NOT_ALLOWED');
  expect(w.ledger.connections).toBe(0);
});

it('over TCP every call must send the secret, which no peer gets to see', async () => {
  const secret = 's'.repeat(40);
  const folder = mkdtempSync(join(tmpdir(), 'sidegate-secret-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'secret');
  writeFileSync(file, `${secret}\n`, { mode: 0o600 });
  const flags = { 'outbound.listen': '127.0.0.1:0', 'outbound.secret': file };
  const w = await outboundWorld({ peers: PEERS, flags });
  const { outbound } = w.sidecar;
  if (outbound?.kind !== 'tcp') throw new TypeError('it is on TCP');
  const host = `open.peer.internal:${outbound.port}`;
  const codeWith = async (headers: Readonly<Record<string, string | string[]>>) =>
    (await w.out({ headers: { host, ...headers } })).json().code;
  expect(await codeWith({})).toBe('OUTBOUND_REFUSED');
  expect(await codeWith({ 'x-sidegate-secret': 's'.repeat(39) })).toBe('OUTBOUND_REFUSED');
  expect(await codeWith({ 'x-sidegate-secret': [secret, secret] })).toBe('OUTBOUND_REFUSED');
  expect(await codeWith({ x_sidegate_secret: secret })).toBe('OUTBOUND_REFUSED');
  expect(w.ledger.connections).toBe(0);
  const headers = { host, 'x-sidegate-secret': secret };
  expect((await w.out({ headers })).status).toBe(200);
  expect(JSON.stringify(w.ledger.seen)).not.toContain(secret);
  expect(JSON.stringify(await w.audit()) + w.log()).not.toContain(secret);
});

it('nothing that the agent says of itself reaches a peer', async () => {
  const w = await outboundWorld({ peers: PEERS });
  const handle = await w.handle();
  const headers = {
    authorization: 'Bearer stolen',
    'proxy-authorization': 'Basic stolen',
    dpop: 'stolen',
    cookie: 'mine=1',
    'x-sidegate-agent': 'stolen',
    X_Sidegate_Scopes: 'stolen',
    'x-forwarded-client-cert': 'stolen',
    forwarded: 'for=stolen',
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    'x-plain': 'kept',
  };
  expect((await w.out({ peer: 'open', handle, headers })).status).toBe(200);
  const [seen] = w.ledger.seen;
  expect(JSON.stringify(seen?.fields)).not.toContain('stolen');
  expect(JSON.stringify(seen?.fields)).not.toContain(handle);
  expect(seen?.headers).toMatchObject({
    ...{ host: `127.0.0.1:${w.ledger.port}`, cookie: 'mine=1', 'x-plain': 'kept' },
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  });
  expect(seen?.headers.via).toMatch(/^1\.1 sidegate-[0-9a-f]{8}-out$/);
});

function doorOf(w: OutboundWorld): NetConnectOpts {
  return { path: join(w.folder, 'out.sock') };
}

/** Everything that is said to these bytes. */
function said(to: NetConnectOpts, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(to, () => socket.write(bytes));
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
    socket.once('end', () => resolve(text)).once('error', reject);
    onTestFinished(() => void socket.destroy());
    // What is kept open after a refusal has been said whole.
    socket.on('data', () => {
      if (text.includes('"id":')) resolve(text);
    });
  });
}
