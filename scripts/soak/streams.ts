import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { ask, type Target } from './call.ts';
import type { Pass, Passes } from './credentials.ts';
import { codeIn, codesFor, type Known } from './expect.ts';
import { STREAM } from './kinds.ts';
import type { Ledger } from './ledger.ts';
import { headOf, idOf, textOf } from './response.ts';
import { eventually, sleep } from './options.ts';

interface Open {
  readonly pass: Pass;
  readonly response: IncomingMessage;
  /** When its head had come, so that it was among the live calls for sure. */
  readonly since: number;
}

/** A stream that has ended must have a reason that is not older than this. */
const REASON_WITHIN = 8000;
/** A right that ended and a stream that goes on: so long may it take on a busy machine. */
const BOUND = 10_000;
const LONG = 3_600_000;

/** Event streams that are opened again whenever they end, and ask each time whether they had to. */
export class Streams {
  readonly #open = new Set<Open>();
  readonly #target: Target;
  readonly #known: Known;
  readonly #passes: Passes;
  readonly #ledger: Ledger;
  #stopping = false;
  #stopped = false;

  constructor(parts: { target: Target; known: Known; passes: Passes; ledger: Ledger }) {
    this.#target = parts.target;
    this.#known = parts.known;
    this.#passes = parts.passes;
    this.#ledger = parts.ledger;
  }

  get open(): number {
    return this.#open.size;
  }

  /** One stream, over and over. Every other one has a certificate that outlives the run. */
  async keep(agent: string, long: boolean): Promise<void> {
    let pass = this.#pass(agent, long);
    for (; !this.#stopping; await sleep(200 + Math.random() * 300)) {
      const { revoked } = this.#known.rights.latest;
      if (!long || revoked.has(pass.credential.serial)) pass = this.#pass(agent, long);
      await this.#once(pass).catch(() => undefined);
    }
  }

  /** Those that should have been cut, and were not. */
  review(): void {
    for (const open of this.#open) {
      const ended = this.#rightEnded(open);
      if (ended !== undefined && Date.now() - ended > BOUND) this.#overdue(open);
    }
  }

  /** Opens none any more, waits for those that must end, and closes the others. */
  async stop(): Promise<void> {
    this.#stopping = true;
    const over = () => [...this.#open].filter((open) => this.#rightEnded(open) !== undefined);
    await eventually(() => Promise.resolve(over().length === 0 || undefined), BOUND);
    for (const open of over()) this.#overdue(open);
    this.#stopped = true;
    for (const { response } of this.#open) response.destroy();
  }

  #overdue({ pass, response }: Open): void {
    this.#ledger.fault('a stream outlived its right', pass.agent);
    response.destroy();
  }

  #pass(agent: string, long: boolean): Pass {
    return long ? this.#passes.issue(agent, LONG) : this.#passes.of(agent);
  }

  async #once(pass: Pass): Promise<void> {
    const from = Date.now();
    const callerId = randomUUID();
    const asked = ask(this.#target, STREAM, pass, { fresh: true, callerId });
    const head = await headOf(asked).catch((error: unknown) => String(error));
    if (typeof head === 'string') {
      const until = Date.now();
      if (this.#stopped) return;
      const outcome = { callerId, id: undefined, code: undefined, detail: head, from, until };
      return this.#ledger.enter(STREAM, pass, outcome);
    }
    if (head.statusCode === 200) return this.#follow(pass, head, from);
    const text = await textOf(head);
    const code = /"code":"([A-Z_]+)"/.exec(text)?.[1] ?? `STATUS_${head.statusCode ?? 0}`;
    const seen = { callerId, id: idOf(head), code, detail: text, from, until: Date.now() };
    this.#ledger.enter(STREAM, pass, seen);
  }

  async #follow(pass: Pass, response: IncomingMessage, from: number): Promise<void> {
    const open = { pass, response, since: Date.now() };
    this.#open.add(open);
    this.#ledger.count('streams opened');
    if (!codesFor(this.#known, STREAM, pass, from, open.since).has('OK'))
      this.#ledger.fault('wrongly passed', `${pass.agent} opened a stream`);
    const id = idOf(response);
    if (id !== undefined) this.#ledger.note(id, undefined);
    response.on('data', () => this.#ledger.count('events'));
    await new Promise<void>((resolve) => {
      response.on('error', () => undefined).once('close', () => resolve());
    });
    this.#open.delete(open);
    if (!this.#stopped) this.#ended(open);
  }

  #ended(open: Open): void {
    const now = Date.now();
    this.#ledger.count('streams ended');
    const since = Math.max(open.since, now - REASON_WITHIN);
    const codes = codesFor(this.#known, STREAM, open.pass, since, now);
    const crashed = this.#known.crashes.overlap(since, now);
    if (codes.size === 1 && codes.has('OK') && !crashed)
      this.#ledger.fault('a stream ended without a reason', this.#describe(open, now));
    const ended = this.#rightEnded(open);
    if (ended !== undefined && !crashed)
      this.#ledger.highest('ms from the end of a right to the end of its stream', now - ended);
  }

  #describe({ pass, since }: Open, now: number): string {
    return `${pass.agent}, open for ${now - since} ms, ended at ${new Date(now).toISOString()}`;
  }

  #rightEnded({ pass, since }: Open): number | undefined {
    const denies = (edition: Parameters<typeof codeIn>[0]) =>
      codeIn(edition, STREAM, pass) !== 'OK';
    const taken = this.#known.rights.endedAt(since, denies);
    const expired = Date.now() >= pass.notAfter ? pass.notAfter : undefined;
    if (taken === undefined || expired === undefined) return taken ?? expired;
    return Math.min(taken, expired);
  }
}
