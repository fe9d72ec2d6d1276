import type { Socket } from 'node:net';

/** Bytes kept that come before the answer; who sends more is not read from until then. */
const HOLD = 64 * 1024;

/** The socket of a caller that asked to change the protocol. It is read from, so that its leaving is noticed. */
export class AskedUpgrade {
  readonly #socket: Socket;
  #early: Buffer[];
  #bytes: number;

  constructor(socket: Socket, head: Buffer) {
    this.#socket = socket;
    this.#early = [head];
    this.#bytes = head.length;
    socket.on('error', this.#leave).on('data', this.#keep).on('end', this.#leave);
  }

  /** Bytes that came early and are kept. */
  get held(): number {
    return this.#bytes;
  }

  /** The socket for the new protocol, with whatever came early before it. */
  take(): Socket {
    const socket = this.#socket;
    this.#letGo();
    socket.pause();
    const early = Buffer.concat(this.#early);
    if (early.length > 0) socket.unshift(early);
    return socket;
  }

  /** The protocol stays as it is: what came early is nothing. */
  drop(): void {
    this.#letGo();
    this.#early = [];
    this.#socket.resume();
  }

  #letGo(): void {
    this.#bytes = 0;
    this.#socket.off('data', this.#keep).off('end', this.#leave);
  }

  readonly #keep = (chunk: Buffer): void => {
    this.#early.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes > HOLD) this.#socket.pause();
  };

  readonly #leave = (): void => void this.#socket.destroy();
}
