import { isIP } from 'node:net';
import {
  connect,
  type ConnectionOptions,
  type SecureContextOptions,
  type TLSSocket,
} from 'node:tls';
import { Refusal, type VerifiedPeer } from '../call/index.ts';
import type { Clock } from '../lib/index.ts';
import { SERVER_AUTH, svidOf, type SpiffeId } from '../spiffe/index.ts';
import { clientContext, supportedGroups } from './context.ts';
import type { Identity } from './identity.ts';
import { shownBy } from './shown-certificate.ts';
import type { Trust } from './trust.ts';
import { verifyPeer } from './verify.ts';

/** Where to connect to, as whom, and who must be there. */
export interface DialTarget {
  /** An IPv6 address is without brackets. */
  readonly host: string;
  readonly port: number;
  /** What the server must show. Undefined: its name is held against the CAs of the web, and there is no VerifiedPeer. */
  readonly spiffeId: SpiffeId | undefined;
  /** What we show; undefined for nothing. */
  readonly identity: Identity | undefined;
}

export interface DialerOptions {
  /** As it is when the connection is there. */
  readonly trust: () => Trust;
  readonly now: Clock;
  /** Milliseconds for TCP and TLS together; default 5 s. */
  readonly timeout?: number;
}

/**
 * Connects by TLS and verifies the server before anybody can send a byte. Every connection makes a full handshake: no
 * session is kept, for Node asks nothing of a server whose session it resumes (STANDARDS 7.2). Calls back exactly once.
 */
export type Dialer = (target: DialTarget, done: (dialled: DialledServer | Refusal) => void) => void;

/** A connection whose other end has proven who it is; `peer` where that is a SPIFFE ID. */
export interface DialledServer {
  readonly socket: TLSSocket;
  readonly peer: VerifiedPeer | undefined;
}

const TIMEOUT = 5000;
const KEEP_ALIVE = 60_000;

export function createDialer(options: DialerOptions): Dialer {
  const groups = supportedGroups();
  return (target, done) => {
    const { identity, spiffeId } = target;
    const trust = options.trust();
    const domain = spiffeId?.trustDomain.name;
    if (domain !== undefined && !trust.domains.has(domain))
      return done(untrusted(`the trust domain ${domain} has no roots here`));
    const context = clientContext({ identity, trust, domain }, groups);
    new Attempt({ ...options, ...target }, done).begin(context);
  };
}

/** What is against a certificate as that of this server; undefined if nothing is. */
function idFault(der: Buffer, wanted: SpiffeId): string | undefined {
  const reading = svidOf(der);
  if (!reading.ok) return `it is no SVID: ${reading.fault.detail}`;
  const { spiffeId, facts } = reading.svid;
  if (!isSame(spiffeId, wanted)) return `it is ${spiffeId.toString()}, not ${wanted.toString()}`;
  return facts.extendedKeyUsage?.includes(SERVER_AUTH) === false
    ? 'its certificate is not for servers'
    : undefined;
}

function isSame(one: SpiffeId, other: SpiffeId): boolean {
  return one.toString() === other.toString();
}

/** The other end proved to be somebody else. */
class WrongServer extends Error {}

/** In place of the DNS name, which SVIDs do not have; once OpenSSL vouches for the chain. Must not throw: Node would. */
function wrongServer(der: Buffer, wanted: SpiffeId): WrongServer | undefined {
  try {
    const fault = idFault(der, wanted);
    return fault === undefined ? undefined : new WrongServer(fault);
  } catch {
    return new WrongServer('its certificate could not be read');
  }
}

/** One connection on its way. */
class Attempt {
  readonly #options: DialerOptions & DialTarget;
  readonly #done: (dialled: DialledServer | Refusal) => void;
  #socket: TLSSocket | undefined;
  #timer: NodeJS.Timeout | undefined;
  #secure = false;
  #over = false;

  constructor(
    options: DialerOptions & DialTarget,
    done: (dialled: DialledServer | Refusal) => void,
  ) {
    this.#options = options;
    this.#done = done;
  }

  begin(context: SecureContextOptions): void {
    const socket = connect({ ...context, ...this.#place() });
    this.#socket = socket;
    const late = () => this.#fail(unreachable('no connection in time'));
    this.#timer = setTimeout(late, this.#options.timeout ?? TIMEOUT);
    socket.prependOnceListener('secure', () => (this.#secure = true));
    socket.once('secureConnect', () => this.#succeeded(socket));
    socket.on('error', (error: Error) => this.#failed(error));
  }

  #place(): ConnectionOptions {
    const { host, port, spiffeId } = this.#options;
    const place: ConnectionOptions = {
      host,
      port,
      ALPNProtocols: ['http/1.1'],
      rejectUnauthorized: true,
    };
    // RFC 6066, 3: an address is no server name.
    if (isIP(host) === 0) place.servername = host;
    if (spiffeId !== undefined)
      place.checkServerIdentity = (_, { raw }) => wrongServer(raw, spiffeId);
    return place;
  }

  #succeeded(socket: TLSSocket): void {
    if (this.#over) return;
    try {
      const peer = this.#verified(socket);
      if (peer instanceof Refusal) return this.#fail(peer);
      socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE);
      this.#end({ socket, peer });
    } catch (error) {
      this.#fail(new Refusal('INTERNAL', 'a server could not be verified', error));
    }
  }

  #failed(error: Error): void {
    const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
    if (error instanceof WrongServer) this.#fail(untrusted(error.message));
    else this.#fail(this.#secure ? untrusted(`OpenSSL: ${code}`) : unreachable(code));
  }

  /** Nothing of what Node checked is taken on trust: the chain is walked again, to the roots of this one domain. */
  #verified(socket: TLSSocket): VerifiedPeer | undefined | Refusal {
    const { spiffeId, trust, now } = this.#options;
    if (spiffeId === undefined) return undefined;
    const shown = shownBy(socket);
    if (shown === undefined) return untrusted('it showed no certificate');
    const fault = idFault(shown.leaf.raw, spiffeId);
    if (fault !== undefined) return untrusted(fault);
    const verdict = verifyPeer(socket, trust(), now(), shown);
    if (verdict.ok) return verdict.peer;
    return untrusted(`${verdict.refused.code}: ${verdict.refused.detail}`);
  }

  #fail(refusal: Refusal): void {
    this.#socket?.destroy();
    this.#end(refusal);
  }

  #end(dialled: DialledServer | Refusal): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#timer);
    this.#done(dialled);
  }
}

function untrusted(detail: string): Refusal {
  return new Refusal('PEER_UNTRUSTED', detail);
}

function unreachable(detail: string): Refusal {
  return new Refusal('PEER_UNREACHABLE', detail);
}
