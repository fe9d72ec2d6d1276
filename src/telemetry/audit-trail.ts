import { OperatorFault, type Clock } from '../lib/index.ts';
import { openAudit, type AuditFile } from './audit-file.ts';
import { resumedLine } from './audit-lines.ts';
import { BOUNDS } from './audit-bounds.ts';
import { AuditHeads } from './audit-heads.ts';
import type { AuditSettings, Weight } from './audit-settings.ts';
import { readTail, type Tail } from './audit-tail.ts';
import { AuditQueue } from './audit.ts';
import { Chain } from './chain.ts';
import type { Log } from './log.ts';
import type { CurrentSeal } from './seal.ts';

const HEAD_EVERY = 10_000;
const LOOK_EVERY = 5000;

const CONSEQUENCE = {
  refuse: 'new calls are refused until it can',
  drop: 'its lines will be lost',
} as const;

export interface AuditTrailOptions {
  readonly settings: AuditSettings;
  readonly log: Log;
  readonly dropped: () => void;
  readonly now: Clock;
  readonly seal: CurrentSeal;
}

/** What came of opening the audit file anew. */
export type Reopened = { readonly ok: true } | { readonly ok: false; readonly why: string };

/** The audit of one sidecar: its file and whichever comes after it, one chain through them all. */
export class AuditTrail {
  readonly #options: AuditTrailOptions;
  readonly #queue: AuditQueue;
  readonly #timers: readonly NodeJS.Timeout[];
  #file: AuditFile;
  /** An end that nothing sealed, until this process has gone on with it. */
  #unresumed: Tail | undefined;
  #away = false;

  /** @throws OperatorFault if the file cannot be opened */
  constructor(options: AuditTrailOptions) {
    const { settings, now, seal, log } = options;
    const tail = readTail(settings.file);
    const chain = new Chain(tail.last);
    const heads = new AuditHeads({ chain, tail, seal, now, log });
    this.#options = options;
    this.#unresumed = tail.closed ? undefined : tail;
    this.#file = openAudit(settings.file, { onNewLine: tail.unfinished });
    this.#queue = new AuditQueue(this.#file, {
      notes: this.#notes(),
      bounds: BOUNDS[settings.onFull],
      chain,
      // What this process has not gone on with is not its own to sign.
      head: (why) => (this.#unresumed === undefined ? heads.next(why) : undefined),
      turned: () => heads.turned(),
      now,
    });
    this.#timers = [
      setInterval(() => heads.due && this.#queue.seal('interval'), HEAD_EVERY).unref(),
      setInterval(() => void this.look(), LOOK_EVERY).unref(),
    ];
  }

  get full(): boolean {
    return this.#queue.full;
  }

  add(line: string, weight: Weight, caller: string | undefined): void {
    this.#resume();
    this.#queue.add(line, weight, caller);
  }

  /** Opens the file anew, because the old one was moved. If it cannot be, the old one goes on. */
  reopen(): Reopened {
    const { settings, log } = this.#options;
    try {
      const next = openAudit(settings.file, { onNewLine: readTail(settings.file).unfinished });
      if (next.isSameAs(this.#file)) next.discard();
      else this.#turnTo(next);
      this.#away = false;
      return { ok: true };
    } catch (cause) {
      const message = `the audit ${settings.file} could not be opened anew, the old file goes on`;
      log('error', message, { cause });
      return { ok: false, why: cause instanceof OperatorFault ? cause.message : message };
    }
  }

  /**
   * Notices a file that was moved or removed without a signal. Only at the second look: between the two, whoever rotates
   * has the time to make the new file and to signal.
   */
  async look(): Promise<void> {
    const { settings, log } = this.#options;
    const file = this.#file;
    const away = !(await file.isAt(settings.file));
    const again = this.#away;
    this.#away = away;
    if (!away || !again || file !== this.#file) return;
    log('warn', `the audit ${settings.file} was moved or removed; a new file is begun`);
    this.reopen();
  }

  flush(): Promise<void> {
    return this.#queue.flush();
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await this.#queue.close();
  }

  #turnTo(next: AuditFile): void {
    this.#file = next;
    this.#queue.goOnIn(next);
    this.#options.log('info', `the audit goes on in a new file ${this.#options.settings.file}`);
  }

  /** Not before there is a line: a process that fails at its start must leave the file of a running one as it is. */
  #resume(): void {
    if (this.#unresumed === undefined) return;
    const { fragment, foreign } = this.#unresumed;
    const { settings, log, now } = this.#options;
    this.#unresumed = undefined;
    if (foreign) {
      const message = `the audit ${settings.file} does not end with a line of its chain: a new chain begins behind it. Move the file away to have the two apart.`;
      log('warn', message);
    } else this.#queue.tell(resumedLine(now(), fragment));
  }

  #notes() {
    const { settings, log, dropped } = this.#options;
    const { file, onFull } = settings;
    return {
      dropped,
      broke: (cause: unknown) =>
        log('error', `the audit ${file} cannot be written, ${CONSEQUENCE[onFull]}`, { cause }),
      mended: () => log('info', `the audit ${file} is written again`),
    };
  }
}
