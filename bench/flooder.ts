// The agent that floods, a process of its own: bench/flood.ts starts it and tells it what and whom.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect as tcpConnect, createServer, type AddressInfo, type Socket } from 'node:net';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import { connect as tlsConnect, type TLSSocket } from 'node:tls';
import { Pool } from 'undici';

/** What the flooder is told. */
export type Order = { readonly flood: Flood; readonly port: number } | 'rest' | 'end';

/** The ways to flood. All of them start anew at once, however they are answered. */
export type Flood = keyof typeof FLOODS;

const [folder = '', localAddress] = process.argv.slice(2);
const from = localAddress === undefined ? {} : { localAddress };
const REQUEST = 'GET /invoices/INV-1 HTTP/1.1\r\nhost: invoices\r\n\r\n';
/** As many connections as it may have: see `connectionsPerAgent` in flood.ts. */
const ALLOWED = 16;

const FLOODS = {
  /** Calls over all connections that it may have, far above the rate of the route. */
  calls: { workers: ALLOWED, act: call },
  /** A new connection for every call. */
  churn: { workers: ALLOWED - 4, act: () => visit(REQUEST) },
  /** It holds every connection that it may have, and opens more. */
  connections: { workers: ALLOWED + 32, act: () => visit(REQUEST, hold) },
  /** Handshakes that are begun, and left when the other side has done its half of the work. */
  handshakes: { workers: 48, act: () => begin() },
  /** The same, but many more, and each stays until it is thrown out. */
  knocks: { workers: 400, act: () => begin(hold) },
  /** Heads that are no HTTP. */
  malformed: { workers: ALLOWED - 4, act: () => visit('GET / HTTP/1.1\r\nno field\r\n\r\n') },
} as const;

const read = (file: string) => readFileSync(join(folder, 'certs', file));
const identity = { ca: read('ca.crt'), cert: read('flooder.crt'), key: read('flooder.key') };
const counts = new Map<string, number>();
const open = new Set<Socket>();
let order: Order = 'rest';
let pool: Pool | undefined;
let port = 0;
let hello: Buffer = Buffer.alloc(0);

async function call(): Promise<string> {
  pool ??= new Pool(`https://127.0.0.1:${port}`, {
    connections: ALLOWED,
    connect: { ...identity, ...from },
  });
  const { statusCode, body } = await pool.request({ method: 'GET', path: '/invoices/INV-1' });
  await body.dump();
  return String(statusCode);
}

/** What is done with a connection before it is left. */
type Then = (closed: Promise<unknown>) => Promise<unknown>;

/** A whole handshake, what is to be said, and the status that it is answered with. */
async function visit(words: string, then?: Then): Promise<string> {
  const socket = kept(
    tlsConnect({ ...identity, ...from, host: '127.0.0.1', port, ALPNProtocols: ['http/1.1'] }),
  );
  const closed = whenClosed(socket);
  if ((await Promise.race([onceSecure(socket), closed])) === undefined) return 'thrown out';
  socket.write(words);
  const answer = await Promise.race([firstBytes(socket), closed]);
  const status = /^HTTP\/1.1 (\d+)/.exec(answer ?? '')?.[1] ?? 'closed';
  if (status === '200') await then?.(closed);
  return gone(socket, status);
}

function hold(closed: Promise<unknown>): Promise<unknown> {
  return closed;
}

/** Costs the other side its half of a handshake, and this one nothing. */
async function begin(then?: Then): Promise<string> {
  const socket = kept(tcpConnect({ host: '127.0.0.1', port, ...from }));
  const closed = whenClosed(socket);
  socket.write(hello);
  const answer = await Promise.race([firstBytes(socket), closed]);
  if (answer === undefined) return 'thrown out';
  await then?.(closed);
  return gone(socket, 'begun');
}

/** The first flight of a client of Node's own. */
async function helloOf(): Promise<Buffer> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = tlsConnect({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
  client.on('error', () => undefined);
  const [socket] = (await once(server, 'connection')) as [Socket];
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  client.destroy();
  server.close();
  return bytes;
}

function kept<S extends Socket>(socket: S): S {
  open.add(socket);
  socket.on('error', () => undefined);
  socket.once('close', () => open.delete(socket));
  return socket;
}

function whenClosed(socket: Socket): Promise<undefined> {
  return new Promise((resolve) => socket.once('close', () => resolve(undefined)));
}

function onceSecure(socket: TLSSocket): Promise<true> {
  return new Promise((resolve) => socket.once('secureConnect', () => resolve(true)));
}

function firstBytes(socket: Socket): Promise<string> {
  return new Promise((resolve) =>
    socket.once('data', (bytes) => resolve(bytes.toString('latin1'))),
  );
}

function gone(socket: Socket, word: string): string {
  socket.destroy();
  return word;
}

function count(word: string): void {
  counts.set(word, (counts.get(word) ?? 0) + 1);
}

async function work(mine: Order, act: () => Promise<string>): Promise<void> {
  while (order === mine) {
    const word = await act().catch(() => 'broken');
    if (order === mine) count(word);
  }
}

function follow(next: Order): void {
  order = next;
  void pool?.destroy();
  pool = undefined;
  for (const socket of open) socket.destroy();
  if (next === 'end') process.exit(0);
  if (next === 'rest') {
    process.send?.(Object.fromEntries(counts));
    return counts.clear();
  }
  port = next.port;
  const { workers, act } = FLOODS[next.flood];
  for (let worker = 0; worker < workers; worker++) void work(next, act);
}

if (process.send !== undefined) {
  // A flood comes from other machines: it must not take the processor from those who are measured.
  setPriority(19);
  hello = await helloOf();
  process.on('message', follow);
  process.on('disconnect', () => process.exit(0));
}
