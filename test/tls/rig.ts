import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as tlsConnect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { onTestFinished } from 'vitest';
import type { VerifiedPeer } from '../../src/call/index.ts';
import { Reloadable } from '../../src/lib/index.ts';
import {
  createTlsServer,
  loadIdentity,
  loadTrust,
  type FailedHandshake,
  type Identity,
  type RefusedPeer,
  type TlsServerOptions,
  type Trust,
} from '../../src/tls/index.ts';
import type { Credential, ThrowawayCa } from '../support/pki.ts';

export const HOUR = 3_600_000;

export type Outcome =
  | { readonly kind: 'peer'; readonly peer: VerifiedPeer; readonly socket: TLSSocket }
  | { readonly kind: 'refused'; readonly refused: RefusedPeer; readonly socket: TLSSocket }
  | { readonly kind: 'failed'; readonly failed: FailedHandshake };

/** Writes files into a folder that is gone after the test. */
export function scratch(): (name: string, content: string) => string {
  const folder = mkdtempSync(join(tmpdir(), 'sidegate-tls-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return (name, content) => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };
}

export function identityOf(credential: Credential, now = Date.now()): Identity {
  const write = scratch();
  const cert = write('own.crt', credential.chainPem);
  return loadIdentity({ cert, key: write('own.key', credential.keyPem) }, now);
}

/** What a trust domain has on disk; `crl` is PEM. */
export interface Domain {
  readonly roots: string;
  readonly crl?: string;
}

export function trustOf(
  domains: Readonly<Record<string, Domain>>,
  now = Date.now(),
  previous?: Trust,
): Trust {
  const write = scratch();
  const section = Object.entries(domains).map(([name, { roots, crl }], index) => {
    const files = { roots: write(`${String(index)}.crt`, roots) };
    if (crl === undefined) return [name, files];
    return [name, { ...files, crl: write(`${String(index)}.crl`, crl) }];
  });
  return loadTrust(Object.fromEntries(section) as never, now, previous);
}

export interface Rig {
  readonly port: number;
  readonly identity: Reloadable<Identity>;
  readonly trust: Reloadable<Trust>;
  /** What became of the next connection that nobody asked about yet. */
  outcome(): Promise<Outcome>;
  /** Outcomes that nobody asked about. */
  readonly waiting: readonly Outcome[];
  connect(credential?: Credential, options?: ConnectionOptions): TLSSocket;
  /** Connects, and says what became of it. */
  verdict(credential?: Credential, options?: ConnectionOptions): Promise<string>;
}

export interface RigOptions extends Partial<TlsServerOptions> {
  readonly ca: ThrowawayCa;
  /** By default the roots of `ca` for its own domain. */
  readonly domains?: Readonly<Record<string, Domain>>;
}

/** A real server on a real port; gone after the test. */
export async function startRig({ ca, domains, ...options }: RigOptions): Promise<Rig> {
  const now = options.now ?? Date.now;
  const identity = new Reloadable(identityOf(ca.issue({ id: serverId(ca) })));
  const trust = new Reloadable(
    trustOf(domains ?? { [ca.trustDomain]: { roots: ca.certPem } }, now()),
  );
  const { waiting, push, outcome } = queue();
  const events = {
    onPeer: (socket: TLSSocket, peer: VerifiedPeer) => push({ kind: 'peer', peer, socket }),
    onRefused: (socket: TLSSocket, refused: RefusedPeer) =>
      push({ kind: 'refused', refused, socket }),
    onHandshakeFailed: (failed: FailedHandshake) => push({ kind: 'failed', failed }),
  };
  const server = createTlsServer({ identity, trust, now, events, ...options });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const clients = new Set<TLSSocket>();
  onTestFinished(() => {
    for (const client of clients) client.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const connect = (credential?: Credential, more: ConnectionOptions = {}): TLSSocket => {
    const own = credential && { cert: credential.chainPem, key: credential.keyPem };
    const target = { host: '127.0.0.1', port, rejectUnauthorized: false };
    const client = tlsConnect({ ...target, ...own, ...more });
    // The refusing end may reset at any moment; the server's side is what is asked about.
    client.on('error', () => undefined);
    client.resume();
    clients.add(client);
    return client;
  };
  const verdict = async (credential?: Credential, more?: ConnectionOptions): Promise<string> => {
    connect(credential, more);
    return wordOf(await outcome());
  };
  return { port, identity, trust, outcome, waiting, connect, verdict };
}

/** OK, or the code. */
export function wordOf(result: Outcome): string {
  if (result.kind === 'peer') return 'OK';
  return result.kind === 'refused' ? result.refused.code : result.failed.code;
}

function serverId(ca: ThrowawayCa): string {
  return `spiffe://${ca.trustDomain}/agent/server`;
}

function queue() {
  const waiting: Outcome[] = [];
  const asked: ((result: Outcome) => void)[] = [];
  const push = (result: Outcome): void => {
    if (result.kind !== 'failed') onServerSide(result.socket);
    const first = asked.shift();
    if (first === undefined) waiting.push(result);
    else first(result);
  };
  const outcome = (): Promise<Outcome> => {
    const first = waiting.shift();
    return first === undefined
      ? new Promise((resolve) => asked.push(resolve))
      : Promise.resolve(first);
  };
  return { waiting, push, outcome };
}

function onServerSide(socket: TLSSocket): void {
  socket.resume();
  socket.on('end', () => socket.end());
}
