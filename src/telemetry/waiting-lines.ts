import { droppedLine, resumedLine } from './audit-lines.ts';
import type { AuditQueueOptions, Weight } from './audit-settings.ts';
import { Batch, type Waiting } from './batch.ts';
import type { HeadReason } from './head.ts';
import { Lane } from './lanes.ts';

/** Linking and writing more at once would hold up calls in between. */
const BATCH = 512;

/**
 * The lines that wait for the disk, in order; their memory is bounded. They are linked when they are drawn, so that the
 * chain has no gap where a line was dropped.
 */
export class WaitingLines {
  readonly #options: AuditQueueOptions;
  readonly #lanes: Readonly<Record<Weight, Lane>>;
  #lines: Waiting[] = [];
  #lost = { done: 0, refused: 0 };
  #head: HeadReason | undefined;

  constructor(options: AuditQueueOptions) {
    const { done, refused } = options.bounds.lanes;
    this.#options = options;
    this.#lanes = { done: new Lane(done), refused: new Lane(refused) };
  }

  get any(): boolean {
    const { done, refused } = this.#lost;
    return this.#lines.length > 0 || this.#head !== undefined || done + refused > 0;
  }

  /** Characters of carried-out calls, those that are being written included. */
  get done(): number {
    return this.#lanes.done.held;
  }

  /** False if there is no room for it. */
  add(line: string, weight: Weight, caller: string | undefined): boolean {
    const lane = this.#lanes[weight];
    if (!lane.take(line.length, caller)) {
      this.#lost[weight] += 1;
      return false;
    }
    this.#lines.push({ line, lane, caller });
    return true;
  }

  /** Has a line that the audit writes about itself come next. */
  addFirst(line: string): void {
    this.#lines.unshift({ line, lane: undefined, caller: undefined });
  }

  /** Has a head follow what waits. */
  seal(why: HeadReason): void {
    this.#head = why;
  }

  /** What is to be written next. A head that is asked for ends it; the one at the exit comes after everything. */
  draw(): Batch | undefined {
    const { done, refused } = this.#lost;
    this.#lost = { done: 0, refused: 0 };
    if (done + refused > 0) this.addFirst(droppedLine(this.#options.now(), done, refused));
    const later = this.#head === 'exit' && this.#lines.length > BATCH;
    const why = later ? undefined : this.#head;
    if (!later) this.#head = undefined;
    return this.#link(this.#lines.splice(0, BATCH), why);
  }

  /** Nothing but the head that ends a file. */
  drawEnd(): Batch | undefined {
    return this.#link([], 'rotated');
  }

  wrote({ lines }: Batch): void {
    release(lines);
  }

  /** What a file did not take is linked anew, from the last line that is whole in it. */
  takeBack(batch: Batch): void {
    const { last, lines, fragment } = batch.unwritten();
    release(batch.lines.slice(0, batch.lines.length - lines.length));
    this.#lines.unshift(...lines);
    this.#options.chain.backTo(last);
    if (fragment.length > 0) this.addFirst(resumedLine(this.#options.now(), fragment));
  }

  /** How many lines of calls are given up with everything else. */
  countWith(batch: Batch | undefined): number {
    const begun = batch?.unwritten().lines ?? [];
    return [...begun, ...this.#lines].filter(({ lane }) => lane !== undefined).length;
  }

  #link(lines: readonly Waiting[], why: HeadReason | undefined): Batch | undefined {
    const { chain, head } = this.#options;
    const before = chain.last;
    const texts = lines.map(({ line }) => chain.link(line));
    const sealed = why === undefined ? undefined : head(why);
    if (sealed !== undefined) texts.push(sealed);
    return texts.length === 0 ? undefined : new Batch(before, lines, texts);
  }
}

function release(lines: readonly Waiting[]): void {
  for (const { line, lane, caller } of lines) lane?.release(line.length, caller);
}
