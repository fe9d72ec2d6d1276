import { randomUUID } from 'node:crypto';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { ask, type Target } from './call.ts';
import type { Pass, Passes } from './credentials.ts';
import { FROZEN, codeIn, codesFor, type Known } from './expect.ts';
import { STREAM } from './kinds.ts';
import type { Ledger } from './ledger.ts';
import { eventually, sleep } from './options.ts';
import { headOf, idOf, refusalIn } from './response.ts';
import type { State } from './rights.ts';

interface Open {
  readonly pass: Pass;
  readonly response: IncomingMessage;
  /** When its head had come, so that it was among the live calls for sure. */
  readonly since: number;
}

/** A stream that has ended must have a reason that is not older than this. */
const REASON_WITHIN = 8000;
const LONG = 3_600_000;

/** Event streams that are opened again whenever they end, and ask each time whether they had to. */
export class Streams {
  readonly #open = new Set<Open>();
  /** Everything that was asked for and is not over, whether its head has come or not. */
  readonly #asked = new Set<ClientRequest>();
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
      await this.#once(pass);
    }
  }

  /** Those that should have been cut, and were not. */
  review(): void {
    for (const open of this.#open) {
      const ended = this.#rightEnded(open);
      if (ended !== undefined && Date.now() - ended > this.#target.patience) this.#overdue(open);
    }
  }

  /** Opens none any more, waits for those that must end, and closes all others: some could go on for an hour. */
  async stop(): Promise<void> {
    this.#stopping = true;
    const over = () => [...this.#open].filter((open) => this.#rightEnded(open) !== undefined);
    await eventually(
      () => Promise.resolve(over().length === 0 || undefined),
      this.#target.patience,
    );
    for (const open of over()) this.#overdue(open);
    this.close();
  }

  /** At once, whatever is open. */
  close(): void {
    this.#stopping = true;
    this.#stopped = true;
    for (const asked of this.#asked) asked.destroy();
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
    this.#asked.add(asked);
    asked.once('close', () => this.#asked.delete(asked));
    const head = await headOf(asked).catch((error: unknown) => String(error));
    if (typeof head !== 'string' && head.statusCode === 200) {
      if (!this.#stopped) await this.#follow(pass, head, from);
      return;
    }
    const seen = await refusalIn(head);
    if (this.#stopped) return;
    this.#ledger.enter(STREAM, pass, { callerId, ...seen, from, until: Date.now() });
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
    const { crashes, stalls } = this.#known;
    const crashed = crashes.overlap(since, now);
    const frozen = stalls.overlap(since, now, FROZEN);
    if (codes.size === 1 && codes.has('OK') && !crashed && !frozen)
      this.#ledger.fault('a stream ended without a reason', this.#describe(open, now));
    const ended = this.#rightEnded(open);
    if (ended !== undefined && !crashed)
      this.#ledger.highest('ms from the end of a right to the end of its stream', now - ended);
  }

  #describe({ pass, since }: Open, now: number): string {
    return `${pass.agent}, open for ${now - since} ms, ended at ${new Date(now).toISOString()}`;
  }

  #rightEnded({ pass, since }: Open): number | undefined {
    const denies = (state: State) => codeIn(state, STREAM) !== 'OK';
    const taken = this.#known.rights.endedAt(pass, since, denies);
    const expired = Date.now() >= pass.notAfter ? pass.notAfter : undefined;
    if (taken === undefined || expired === undefined) return taken ?? expired;
    return Math.min(taken, expired);
  }
}
