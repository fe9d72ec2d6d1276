import type { Socket } from 'node:net';
import { AddressLines, type AddressLimits, type AddressLine } from './address-line.ts';
import { addressOf } from './address.ts';
import { LEFT, wordsOf, type FailedHandshake } from './failed-handshake.ts';
import { ShownOut } from './shown-out.ts';

/** How many handshakes may be under way at a time, and how often they begin. */
export interface HandshakeLimits extends AddressLimits {
  readonly total: number;
}

/** What becomes of a connection. */
export interface HandshakeEvents {
  /** Its turn has come. */
  start(raw: Socket): void;
  /** It ended without a handshake. */
  report(failed: FailedHandshake): void;
}

interface Handshake {
  readonly raw: Socket;
  readonly key: string;
  readonly address: string;
  readonly line: AddressLine<Handshake>;
  detail: string;
  /** When it began; undefined while it waits. */
  since: number | undefined;
}

/** Connections that may wait for their turn, in all and of one address. Each costs a file descriptor and little else. */
const WAITING = 1024;
const WAITING_PER_ADDRESS = 256;
/** Milliseconds after which a handshake without end gives way to one that waits. */
const GIVES_WAY_AFTER = 1000;
/** Milliseconds until somebody who waits may find room. */
const LOOK_AGAIN = 20;

/**
 * The handshakes that wait and those under way, each ended exactly once, by success or by one report. In a turn of the
 * event loop at most one begins, so that open connections wait for no more than that; addresses come in turns.
 */
export class Handshakes {
  readonly #limits: HandshakeLimits;
  readonly #events: HandshakeEvents;
  readonly #now: () => number;
  /** Under way, the oldest first, by both ends' addresses: Node does not say which raw socket a TLS socket came from. */
  readonly #open = new Map<string, Handshake>();
  readonly #lines: AddressLines<Handshake>;
  readonly #shownOut = new ShownOut();
  /** Those in which somebody waits, the one whose turn is next first. */
  readonly #next = new Set<AddressLine<Handshake>>();
  #waiting = 0;
  #turnIsDue = false;
  #timer: NodeJS.Timeout | undefined;

  /** `now` is milliseconds that only grow. */
  constructor(limits: HandshakeLimits, events: HandshakeEvents, now = () => performance.now()) {
    this.#limits = limits;
    this.#events = events;
    this.#lines = new AddressLines(limits);
    this.#now = now;
  }

  /** Has the connection wait for its turn. If it cannot, or is gone already, it is reported, and its end is seen to. */
  enter(raw: Socket): void {
    const address = addressOf(raw);
    const key = keyOf(raw);
    if (key === undefined) {
      raw.destroy();
      return this.#events.report({ code: 'HANDSHAKE_FAILED', detail: LEFT, address });
    }
    const line = this.#lines.of(raw.remoteAddress ?? '', this.#now());
    // Of what is left, an address gets no more than it has already: so who has none gets in beside those with many.
    if (line.waiting.size >= Math.min(WAITING_PER_ADDRESS, WAITING - this.#waiting)) {
      this.#shownOut.take(raw);
      const detail = 'too many of this address wait for their handshakes';
      return this.#events.report({ code: 'TOO_MANY_CONNECTIONS', detail, address });
    }
    const handshake = { raw, key, address, line, detail: LEFT, since: undefined };
    raw.once('close', () => this.#end(handshake));
    line.waiting.add(handshake);
    this.#waiting += 1;
    this.#next.add(line);
    this.#soon();
  }

  /** False if it was ended already. */
  succeeded(socket: Socket): boolean {
    const handshake = this.#open.get(keyOf(socket) ?? '');
    return handshake !== undefined && this.#over(handshake);
  }

  /** Keeps the reason for the report, which is made once the raw socket has closed. */
  failed(socket: Socket, error: Error): void {
    const handshake = this.#open.get(keyOf(socket) ?? '');
    if (handshake !== undefined) handshake.detail = wordsOf(error);
    // After a timeout Node leaves this to us.
    socket.destroy();
  }

  #soon(): void {
    if (this.#turnIsDue) return;
    this.#turnIsDue = true;
    setImmediate(() => this.#turn());
  }

  #turn(): void {
    this.#turnIsDue = false;
    const begun = this.#beginOne(this.#now());
    if (this.#next.size === 0) return;
    if (begun) return this.#soon();
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#soon();
    }, LOOK_AGAIN).unref();
  }

  #beginOne(now: number): boolean {
    for (const line of this.#next) {
      if (!line.mayBegin(now) || !this.#hasRoom(line, now)) continue;
      const handshake = line.begin();
      this.#next.delete(line);
      if (line.waiting.size > 0) this.#next.add(line);
      if (handshake === undefined) continue;
      this.#waiting -= 1;
      handshake.since = now;
      this.#open.set(handshake.key, handshake);
      // Of one that is gone, the end is reported like that of any other.
      if (!handshake.raw.destroyed) this.#events.start(handshake.raw);
      return true;
    }
    return false;
  }

  /** Makes room if whoever has it had time enough: an address full of handshakes without end is not shut for long. */
  #hasRoom(line: AddressLine<Handshake>, now: number): boolean {
    const lineIsFull = line.underWay.size >= this.#limits.perAddress;
    if (!lineIsFull && this.#open.size < this.#limits.total) return true;
    const [oldest] = lineIsFull ? line.underWay : this.#open.values();
    if (oldest?.since === undefined || now - oldest.since < GIVES_WAY_AFTER) return false;
    oldest.detail = 'it took too long for the handshake while others waited';
    oldest.raw.destroy();
    this.#end(oldest);
    return true;
  }

  #end(handshake: Handshake): void {
    if (!this.#over(handshake)) return;
    const { address, detail } = handshake;
    this.#events.report({ code: 'HANDSHAKE_FAILED', address, detail });
  }

  /** False if it was over already. */
  #over(handshake: Handshake): boolean {
    const { line, key } = handshake;
    if (line.waiting.delete(handshake)) {
      this.#waiting -= 1;
      if (line.waiting.size === 0) this.#next.delete(line);
      return true;
    }
    if (line.underWay.delete(handshake)) return this.#open.delete(key);
    return false;
  }
}

function keyOf(socket: Socket): string | undefined {
  const { remoteAddress, remotePort, localAddress, localPort } = socket;
  if (remoteAddress === undefined || localAddress === undefined) return undefined;
  return `${remoteAddress} ${remotePort ?? 0} ${localAddress} ${localPort ?? 0}`;
}
