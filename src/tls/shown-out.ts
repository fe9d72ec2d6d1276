import type { Socket } from 'node:net';

/** Connections that are not closed yet, and the milliseconds until they are. */
const AT_ONCE = 1024;
const GONE_AFTER = 1000;

/**
 * Connections for which there is no place. They are not closed at once, as long as they are not too many: whoever comes
 * again as soon as it is closed would cost more than one that is left alone for a moment.
 */
export class ShownOut {
  #count = 0;

  take(raw: Socket): void {
    if (this.#count >= AT_ONCE) return void raw.destroy();
    this.#count += 1;
    const deadline = setTimeout(() => raw.destroy(), GONE_AFTER).unref();
    raw.once('close', () => {
      clearTimeout(deadline);
      this.#count -= 1;
    });
  }
}
