import { hashOf, type Link } from '../chain.ts';
import { readLinked, type LinkedLine } from '../linked-line.ts';
import type { Findings, Place } from './findings.ts';
import type { Heads } from './heads.ts';
import type { FileLine } from './read-lines.ts';
import {
  ANEW,
  END_REMEDY,
  MEANING,
  RESUMED,
  TORN,
  TORN_REMEDY,
  differenceOf,
} from './sentences.ts';

interface Seen extends Link {
  readonly at: Place;
  readonly closing: boolean;
}

/** A line that is none, waiting for the word of the next one. */
interface Stray {
  readonly at: Place;
  readonly hash: string;
}

/** Walks over the lines of the files in order, and holds each against the one before it. */
export class ChainWalk {
  readonly #found: Findings;
  readonly #heads: Heads;
  readonly #from: number;
  #last: Seen | undefined;
  #stray: Stray | undefined;
  /** Strays since the last line: each may have been one. */
  #strays = 0;
  #first: number | undefined;
  #signed: number | undefined;
  #dropped = 0;
  lines = 0;

  constructor(found: Findings, heads: Heads, from: number) {
    this.#found = found;
    this.#heads = heads;
    this.#from = from;
  }

  get summary() {
    const { lines } = this;
    const lastSeq = this.#last?.seq;
    return {
      lines,
      firstSeq: this.#first,
      lastSeq,
      signedSeq: this.#signed,
      dropped: this.#dropped,
    };
  }

  step(file: string, { bytes, number }: FileLine): void {
    this.lines += 1;
    const line = readLinked(bytes);
    const at: Place = { file, line: number, seq: line?.seq };
    if (line === undefined) return this.#isStray({ at, hash: hashOf(bytes) });
    this.#explainStray(line);
    this.#compare(line, at);
    this.#strays = 0;
    const closing = line.event === 'head' && line.why !== 'interval';
    this.#last = { seq: line.seq, hash: hashOf(bytes), at, closing };
    this.#first ??= line.seq;
    if (line.event === 'head' && this.#heads.verify(line, bytes, at)) this.#signed = line.seq;
    if (line.event === 'resumed' && line.torn === undefined) this.#found.note(at, RESUMED);
    if (line.event === 'dropped') this.#told(line, at);
  }

  /** After the last file. `running`: its end may be open. */
  end(running: boolean): void {
    const stray = this.#stray;
    if (stray !== undefined && running) this.#found.note(stray.at, 'this line is not whole yet');
    else if (stray !== undefined) this.#found.fault('torn', stray.at, TORN, TORN_REMEDY);
    const last = this.#last;
    if (last === undefined) return;
    if (last.closing && this.#signed === last.seq) return;
    const signed = this.#signed === undefined ? 'no line is' : `lines up to ${this.#signed} are`;
    if (running) this.#found.note(last.at, `the end is open: ${signed} signed so far`);
    else this.#found.fault('end', last.at, `the end is not sealed: ${signed} signed`, END_REMEDY);
  }

  #isStray(stray: Stray): void {
    this.#accuseStray();
    this.#stray = stray;
    this.#strays += 1;
  }

  /** What a crash left of a line is named by the next one; anything else does not belong there. */
  #explainStray({ event, torn }: LinkedLine): void {
    const stray = this.#stray;
    if (stray !== undefined && event === 'resumed' && torn === stray.hash) {
      this.#found.note(stray.at, 'this line was torn by a crash, and the next one says so');
      this.#stray = undefined;
    }
    this.#accuseStray();
  }

  #accuseStray(): void {
    if (this.#stray === undefined) return;
    const message = 'this is no line of the chain: it was changed or added';
    this.#found.fault('foreign', this.#stray.at, message, 'The sidecar did not write it so.');
    this.#stray = undefined;
  }

  #compare({ seq, prev }: LinkedLine, at: Place): void {
    const last = this.#last;
    if (last === undefined) return this.#begins(seq, prev, at);
    if (seq === last.seq + 1 && prev === last.hash) return;
    if (seq === 1 && prev === '')
      return this.#found.fault('begin', at, 'a new chain begins here', ANEW);
    const [code, message] = differenceOf(seq, last);
    if (code === 'missing' && seq - 1 - last.seq <= this.#strays) return;
    const place = code === 'changed' ? last.at : at;
    this.#found.fault(code, place, message, MEANING[code]);
  }

  #begins(seq: number, prev: string, at: Place): void {
    if (seq === this.#from && (seq > 1 || prev === '')) return;
    const expected = `the chain begins with seq ${seq}, not ${this.#from}`;
    const remedy = `What came before is missing: name the earlier files first, or say --from ${seq} if they are kept elsewhere.`;
    this.#found.fault('begin', at, expected, remedy);
  }

  #told({ done, refused }: LinkedLine, at: Place): void {
    const lost = Number(done) + Number(refused);
    this.#dropped += lost;
    this.#found.note(at, `the sidecar says that it could not record ${lost} lines before this one`);
  }
}
