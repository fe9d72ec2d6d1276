import type { Clock } from '../lib/index.ts';
import { timeOf } from './audit-lines.ts';
import type { Tail } from './audit-tail.ts';
import type { Chain } from './chain.ts';
import { headLine, type HeadReason } from './head.ts';
import type { Log } from './log.ts';
import type { CurrentSeal } from './seal.ts';

export interface AuditHeadsOptions {
  readonly chain: Chain;
  readonly tail: Tail;
  readonly seal: CurrentSeal;
  readonly now: Clock;
  readonly log: Log;
}

/** Says when there is something to sign, and signs it. */
export class AuditHeads {
  readonly #options: AuditHeadsOptions;
  /** The end of an earlier process, if it sealed it. */
  readonly #closedAt: number | undefined;
  /** The certificate that the file has in it already. */
  #shown: string | undefined;
  /** The last line that a head vouched for. */
  #sealed: number;

  constructor(options: AuditHeadsOptions) {
    const { last, closed } = options.tail;
    this.#options = options;
    this.#sealed = last.seq;
    this.#closedAt = closed ? last.seq : undefined;
  }

  /** Whether there are lines that no head vouches for. */
  get due(): boolean {
    return this.#options.chain.last.seq > this.#sealed;
  }

  /** The next line of the chain, signed; called when everything before it has its place. Undefined if there is nothing to sign. */
  next(why: HeadReason): string | undefined {
    const { seal, now, log, chain } = this.#options;
    const { seq } = chain.last;
    if (why === 'interval' && seq === this.#sealed) return undefined;
    if (why === 'exit' && seq === this.#closedAt) return undefined;
    try {
      const current = seal();
      if (current === undefined) return undefined;
      const withCertificate = this.#shown !== current.certSha256;
      const line = headLine(chain, current, { time: timeOf(now()), why, withCertificate });
      this.#shown = current.certSha256;
      this.#sealed = chain.last.seq;
      return line;
    } catch (cause) {
      log('error', 'the audit could not be signed', { cause });
      return undefined;
    }
  }

  /** Another file: it must have in it what verifies it, whatever became of the heads of the one before. */
  turned(): void {
    this.#shown = undefined;
    if (this.#options.chain.last.seq < this.#sealed) this.#sealed = -1;
  }
}
