import type { Socket } from 'node:net';
import type { VerifiedPeer } from '../call/index.ts';
import type { HttpExchange } from './http-exchange.ts';

/** How long a caller that is still sending gets to read the last answer. */
const LINGER = 2000;

/** A connection of somebody known: the calls under way on it, more than one if the caller does not wait, and how it ends. */
export class Connection<Peer = VerifiedPeer> {
  readonly peer: Peer;
  readonly #socket: Socket;
  readonly #underWay = new Set<HttpExchange>();
  #latest: HttpExchange | undefined;
  #debt: { readonly of: HttpExchange; readonly since: number } | undefined;
  #ending = false;
  #lingering = false;

  constructor(socket: Socket, peer: Peer) {
    this.peer = peer;
    this.#socket = socket;
    // Node's own way to close after the last answer: with bytes unread, the system would reset it and lose the answer.
    socket.destroySoon = () => this.end();
    socket.on('end', () => {
      if (this.#ending && !this.#lingering) socket.destroy();
    });
  }

  get callsUnderWay(): number {
    return this.#underWay.size;
  }

  /** The call whose bytes come in, or came in last. */
  get latest(): HttpExchange | undefined {
    return this.#latest;
  }

  /** Whether what still comes in is thrown away (RFC 9112, 9.6). */
  get ending(): boolean {
    return this.#ending;
  }

  /** Since when, on the clock that only goes forward, the rest of a body is awaited that nobody wants. */
  get owesSince(): number | undefined {
    return this.#debt?.of.bodyPending === true ? this.#debt.since : undefined;
  }

  begin(exchange: HttpExchange): void {
    this.#latest = exchange;
    this.#debt = undefined;
    this.#underWay.add(exchange);
  }

  over(exchange: HttpExchange): void {
    this.#underWay.delete(exchange);
    if (exchange === this.#latest) {
      this.#latest = undefined;
      if (exchange.bodyPending) this.#debt = { of: exchange, since: performance.now() };
    }
    if (this.#ending && this.#underWay.size === 0) this.end();
  }

  /** Nothing further is a call; those under way are answered. */
  takeNoMore(): void {
    this.#ending = true;
  }

  /** Ends our side after the last bytes and reads on for a moment, so that they arrive. Again does nothing. */
  end(last: Buffer | string = ''): void {
    this.#ending = true;
    if (this.#lingering || this.#socket.destroyed) return;
    this.#lingering = true;
    const socket = this.#socket;
    socket.end(last, () => {
      const deadline = setTimeout(() => socket.destroy(), LINGER);
      socket.once('close', () => clearTimeout(deadline));
    });
    socket.resume();
  }

  /** Resolves when the last answer has had its time to arrive, at once if none is on its way. */
  settled(): Promise<void> {
    if (!this.#lingering || this.#socket.closed) return Promise.resolve();
    return new Promise((resolve) => this.#socket.once('close', () => resolve()));
  }

  /** The connection has closed. */
  left(): void {
    for (const exchange of this.#underWay) exchange.left();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
