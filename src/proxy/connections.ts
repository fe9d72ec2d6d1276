import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Emit, VerifiedPeer } from '../call/index.ts';
import { Places, type PlacesOptions } from '../state/index.ts';
import { Connection } from './connection.ts';

/** The verified connections that are open, of which each identity has only so many. */
export class Connections implements Iterable<Connection> {
  readonly #open = new Map<Duplex, Connection>();
  readonly #places: Places;
  readonly #emit: Emit;
  #emptied: (() => void) | undefined;

  constructor(places: PlacesOptions, emit: Emit) {
    this.#places = new Places(places);
    this.#emit = emit;
  }

  [Symbol.iterator](): Iterator<Connection> {
    return this.#open.values();
  }

  of(socket: Duplex): Connection | undefined {
    return this.#open.get(socket);
  }

  /** Takes the connection in; or, if there is no place for it, says for the operator why. */
  add(socket: Socket, peer: VerifiedPeer): string | undefined {
    const id = peer.spiffeId.toString();
    const full = this.#places.take(id);
    if (full !== undefined) return full;
    this.#open.set(socket, new Connection(socket, peer));
    this.#told();
    socket.once('close', () => this.#left(socket, id));
    return undefined;
  }

  /** Ends those on which the rest of a body that nobody wants is awaited for longer than `within` milliseconds. */
  endDebtors(within: number): readonly VerifiedPeer[] {
    const latest = performance.now() - within;
    const debtors = [...this].filter(({ owesSince }) => (owesSince ?? Infinity) <= latest);
    for (const debtor of debtors) debtor.destroy();
    return debtors.map(({ peer }) => peer);
  }

  /** Resolves when none is open, at the latest after so many milliseconds. */
  async empty(within: number): Promise<void> {
    if (this.#open.size === 0) return;
    await new Promise<void>((resolve) => {
      const enough = setTimeout(resolve, within);
      this.#emptied = () => {
        clearTimeout(enough);
        resolve();
      };
    });
  }

  /** Resolves when every last answer has had its time to arrive. */
  async settled(): Promise<void> {
    await Promise.all([...this].map((connection) => connection.settled()));
  }

  destroy(): void {
    for (const connection of this) connection.destroy();
  }

  #left(socket: Duplex, id: string): void {
    this.#open.get(socket)?.left();
    this.#open.delete(socket);
    this.#places.giveBack(id);
    this.#told();
    if (this.#open.size === 0) this.#emptied?.();
  }

  #told(): void {
    this.#emit({ kind: 'connections', open: this.#open.size });
  }
}
