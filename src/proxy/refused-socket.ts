import type { Duplex } from 'node:stream';

const GONE_AFTER = 5000;
const LINGER = 500;

/**
 * A connection that may not speak to us. What comes over it is never parsed: after its first bytes it gets one fixed
 * answer, so that its owner learns why, and then it is gone. Only so many are held at a time.
 */
export class RefusedSockets {
  readonly #cap: number;
  readonly #open = new Set<Duplex>();

  constructor(cap: number) {
    this.#cap = cap;
  }

  take(socket: Duplex, answer: Buffer): void {
    socket.on('error', ignore);
    if (this.#open.size >= this.#cap) {
      socket.destroy();
      return;
    }
    this.#open.add(socket);
    const deadline = setTimeout(() => socket.destroy(), GONE_AFTER);
    socket.once('close', () => {
      clearTimeout(deadline);
      this.#open.delete(socket);
    });
    socket.once('data', () => {
      socket.end(answer);
      // What still comes is thrown away, for if it lay unread the system would reset the answer.
      socket.resume();
      setTimeout(() => socket.destroy(), LINGER).unref();
    });
  }

  destroyAll(): void {
    for (const socket of this.#open) socket.destroy();
  }
}

function ignore(): void {
  // A peer that is refused may break off as it likes.
}
