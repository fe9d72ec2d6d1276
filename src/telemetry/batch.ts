import { hashOf, type Link } from './chain.ts';
import type { Lane } from './lanes.ts';

const LINE_FEED = 0x0a;

/** A line that waits. Those that the audit writes about itself are in no lane. */
export interface Waiting {
  readonly line: string;
  readonly lane: Lane | undefined;
  readonly caller: string | undefined;
}

/** What of a batch a file did not take. */
export interface Unwritten {
  /** The last line that is whole in the file. */
  readonly last: Link;
  readonly lines: readonly Waiting[];
  /** Bytes of a line that was begun and will not be finished. */
  readonly fragment: Buffer;
}

/** Lines on their way to the file: linked, as bytes, in order; a head may come after them. */
export class Batch {
  readonly lines: readonly Waiting[];
  readonly #before: Link;
  readonly #bytes: Buffer;
  #offset = 0;

  constructor(before: Link, lines: readonly Waiting[], texts: readonly string[]) {
    this.#before = before;
    this.lines = lines;
    this.#bytes = Buffer.from(`${texts.join('\n')}\n`);
  }

  /** What the file has not taken yet. */
  get rest(): Uint8Array {
    return this.#bytes.subarray(this.#offset);
  }

  wrote(bytes: number): void {
    this.#offset += bytes;
  }

  /** Gives the batch up where the file stopped taking it. */
  unwritten(): Unwritten {
    const written = this.#bytes.subarray(0, this.#offset);
    const end = written.lastIndexOf(LINE_FEED);
    const fragment = written.subarray(end + 1);
    if (end === -1) return { last: this.#before, lines: this.lines, fragment };
    const begin = end === 0 ? 0 : written.lastIndexOf(LINE_FEED, end - 1) + 1;
    const whole = written.filter((byte) => byte === LINE_FEED).length;
    const hash = hashOf(written.subarray(begin, end));
    return {
      last: { seq: this.#before.seq + whole, hash },
      lines: this.lines.slice(whole),
      fragment,
    };
  }
}
