import type { Socket } from 'node:net';
import type { FailureCode } from '../call/index.ts';
import { addressOf } from './address.ts';

/** A connection that ended before anybody could say who they are. */
export interface FailedHandshake {
  readonly code: Extract<FailureCode, 'HANDSHAKE_FAILED' | 'TOO_MANY_CONNECTIONS' | 'INTERNAL'>;
  /** For the operator; holds nothing that the peer chose. */
  readonly detail: string;
  readonly address: string;
}

const LEFT = 'it left during the handshake';

/** Node's and OpenSSL's codes, in words that fit after the address; others are given as they are. */
const WORDS: ReadonlyMap<string, string> = new Map([
  ['ECONNRESET', LEFT],
  ['ERR_TLS_HANDSHAKE_TIMEOUT', 'it took too long for the handshake'],
  ['ERR_SSL_HTTP_REQUEST', 'it spoke plain HTTP on the TLS port'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'it did not speak TLS'],
  ['ERR_SSL_PACKET_LENGTH_TOO_LONG', 'it did not speak TLS'],
  ['ERR_SSL_UNSUPPORTED_PROTOCOL', 'it offered no TLS version that is taken here'],
  [
    'ERR_SSL_NO_APPLICATION_PROTOCOL',
    'it offered no protocol that is spoken here (only http/1.1 is)',
  ],
  ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'it does not trust our certificate'],
  ['ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE', 'it does not take our certificate'],
  ['ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN', 'it does not take our certificate'],
  ['ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED', 'it says that our certificate has expired'],
]);

/** How many handshakes may be under way at a time. */
export interface HandshakeLimits {
  readonly total: number;
  /** Of one IP address, so that whoever opens many and finishes none keeps out itself and not everybody. */
  readonly perAddress: number;
}

/** The handshakes under way, each ended exactly once, by success or by one report. */
export class Handshakes {
  readonly #limits: HandshakeLimits;
  readonly #report: (failed: FailedHandshake) => void;
  /** By both ends' addresses: Node does not say which raw socket a TLS socket came from. */
  readonly #open = new Map<
    string,
    { readonly address: string; readonly ip: string; detail: string }
  >();
  /** How many each IP address has open; never more entries than handshakes. */
  readonly #perAddress = new Map<string, number>();

  constructor(limits: HandshakeLimits, report: (failed: FailedHandshake) => void) {
    this.#limits = limits;
    this.#report = report;
  }

  /** False if there is no room, or the socket is gone already: then it is destroyed. */
  begin(raw: Socket): boolean {
    const address = addressOf(raw);
    const key = keyOf(raw);
    const ip = raw.remoteAddress ?? '';
    const detail = this.#noRoom(ip);
    if (key === undefined || detail !== undefined) {
      raw.destroy();
      if (key === undefined) this.#report({ code: 'HANDSHAKE_FAILED', detail: LEFT, address });
      else this.#report({ code: 'TOO_MANY_CONNECTIONS', detail: detail ?? '', address });
      return false;
    }
    this.#open.set(key, { address, ip, detail: LEFT });
    this.#perAddress.set(ip, (this.#perAddress.get(ip) ?? 0) + 1);
    raw.once('close', () => this.#end(key));
    return true;
  }

  /** False if it was ended already. */
  succeeded(socket: Socket): boolean {
    const key = keyOf(socket);
    return key !== undefined && this.#over(key) !== undefined;
  }

  /** Keeps the reason for the report, which is made once the raw socket has closed. */
  failed(socket: Socket, error: Error): void {
    const handshake = this.#open.get(keyOf(socket) ?? '');
    const code = 'code' in error ? String(error.code) : error.name;
    if (handshake !== undefined) handshake.detail = WORDS.get(code) ?? code;
    // After a timeout Node leaves this to us.
    socket.destroy();
  }

  #noRoom(ip: string): string | undefined {
    if (this.#open.size >= this.#limits.total) return 'too many handshakes';
    const ofAddress = this.#perAddress.get(ip) ?? 0;
    return ofAddress >= this.#limits.perAddress ? 'too many handshakes of this address' : undefined;
  }

  #end(key: string): void {
    const handshake = this.#over(key);
    if (handshake === undefined) return;
    const { address, detail } = handshake;
    this.#report({ code: 'HANDSHAKE_FAILED', address, detail });
  }

  #over(key: string): { readonly address: string; readonly detail: string } | undefined {
    const handshake = this.#open.get(key);
    if (handshake === undefined) return undefined;
    this.#open.delete(key);
    const left = (this.#perAddress.get(handshake.ip) ?? 1) - 1;
    if (left === 0) this.#perAddress.delete(handshake.ip);
    else this.#perAddress.set(handshake.ip, left);
    return handshake;
  }
}

function keyOf(socket: Socket): string | undefined {
  const { remoteAddress, remotePort, localAddress, localPort } = socket;
  if (remoteAddress === undefined || localAddress === undefined) return undefined;
  return `${remoteAddress} ${remotePort ?? 0} ${localAddress} ${localPort ?? 0}`;
}
