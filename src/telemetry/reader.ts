import type { Call, Event, TokenAnswer } from '../call/index.ts';
import type { Clock } from '../lib/index.ts';
import { Allowance } from './allowance.ts';
import type { Weight } from './audit-settings.ts';
import type { AuditTrail } from './audit-trail.ts';
import { killRecord, type KillEvent } from './kill-record.ts';
import type { Log, Output } from './log.ts';
import type { Metrics } from './metrics.ts';
import { outboundRecord } from './outbound-record.ts';
import { harmlessJson } from './printable.ts';
import type { Recent, RecentEntry } from './recent.ts';
import { callRecord, connectionRecord, ruleOf, type CallRecord } from './record.ts';
import { renderEntry } from './terminal.ts';
import { tokenRecord } from './token-record.ts';
import type { Tracer } from './tracing/index.ts';

const LINES_PER_SECOND = 100;
const REFUSALS_LOGGED_PER_SECOND = 5;
/** Whose share of the audit refused connections take: addresses cost nothing, so all of them together have one. */
const NOBODY = '';
const NO_RULE = { rule: undefined, agent: undefined, missingScopes: [] } as const;

/** Where events end up. */
export interface Readers {
  readonly log: Log;
  readonly metrics: Metrics;
  readonly audit: AuditTrail | undefined;
  readonly tracer: Tracer | undefined;
  readonly recent: Recent;
  readonly output: Output;
  readonly now: Clock;
}

/** Turns each event into what the metrics, the audit, the memory of `why` and the terminal say of it. */
export class EventReader {
  readonly #to: Readers;
  readonly #lines: Allowance;
  readonly #refusals: Allowance;

  constructor(to: Readers) {
    this.#to = to;
    this.#lines = new Allowance(LINES_PER_SECOND, to.now);
    this.#refusals = new Allowance(REFUSALS_LOGGED_PER_SECOND, to.now);
  }

  /** Never throws: a fault in the telling must not change what is told of. */
  read(event: Event): void {
    try {
      this.#read(event);
    } catch (cause) {
      this.#complain(cause);
    }
  }

  #read(event: Event): void {
    const { metrics, log } = this.#to;
    switch (event.kind) {
      case 'call':
        return this.#ended(event);
      case 'call-begun':
        return this.#begun(event);
      case 'outbound-call':
        return this.#outboundEnded(event);
      case 'outbound-begun':
        return this.#outboundBegun(event);
      case 'refused-connection':
        return this.#refused(event);
      case 'handshake':
        return metrics.handshake(event.result);
      case 'connections':
        return metrics.connections(event.open);
      case 'live-calls':
        return metrics.liveCalls(event.open);
      case 'live-outbound':
        return metrics.outboundCalls(event.open);
      case 'tasks':
        return metrics.tasks(event.live);
      case 'buffered':
        return metrics.buffered(event.bytes);
      case 'reload':
        return this.#reloaded(event);
      case 'kill-switch':
        return this.#operated(event);
      case 'token-answer':
        return this.#tokenAnswered(event.answer);
      case 'killed-agents':
        return metrics.killedAgents(event.count);
      case 'dependency':
        return metrics.dependency(event.name, event.fresh);
      case 'clock-step':
        return metrics.clockStep(event.direction);
      case 'log':
        return log(event.level, event.message, { cause: event.cause });
    }
  }

  #ended(event: Extract<Event, { kind: 'call' }>): void {
    const { call } = event;
    const record = callRecord(call, event);
    const entry = this.#entryOf(call, record);
    if (call.forwardedAt === undefined) this.#keep(record, 'refused', record.spiffeId);
    else this.#keep(record, 'done');
    this.#to.metrics.call(record);
    this.#to.tracer?.ended(call, record);
    this.#to.recent.add(entry);
    this.#show(entry);
  }

  #begun({ call }: Extract<Event, { kind: 'call-begun' }>): void {
    const record = callRecord(call, undefined);
    this.#keep(record, 'done');
    this.#show(this.#entryOf(call, record));
  }

  #outboundEnded(event: Extract<Event, { kind: 'outbound-call' }>): void {
    const { call } = event;
    const record = outboundRecord(call, event);
    // One agent makes them all: what it is refused has a share of its own, as a caller's has.
    if (call.forwardedAt === undefined) this.#keep(record, 'refused', record.spiffeId);
    else this.#keep(record, 'done');
    this.#to.metrics.outbound(record);
    const entry = { record, endedAt: this.#to.now(), ...NO_RULE, rule: call.peer?.at };
    this.#to.recent.add(entry);
    this.#show(entry);
  }

  #outboundBegun({ call }: Extract<Event, { kind: 'outbound-begun' }>): void {
    const record = outboundRecord(call, undefined);
    this.#keep(record, 'done');
    this.#show({ record, endedAt: this.#to.now(), ...NO_RULE });
  }

  #refused({ connection, verified }: Extract<Event, { kind: 'refused-connection' }>): void {
    const record = connectionRecord(connection);
    // The others are among the handshakes already.
    if (verified) this.#to.metrics.refusedConnection(connection.code);
    const entry = { record, endedAt: this.#to.now(), ...NO_RULE };
    this.#keep(record, 'refused', NOBODY);
    this.#to.recent.add(entry);
    if (this.#to.output.terminal) return this.#show(entry);
    if (!this.#refusals.take()) return;
    const { id, code, detail, address } = record;
    const fields = { id, code, detail, address, withheld: this.#refusals.withheld() || undefined };
    this.#to.log('warn', 'a connection was refused', { fields });
  }

  #reloaded(event: Extract<Event, { kind: 'reload' }>): void {
    const { what, result, first } = event;
    this.#to.metrics.reload(event);
    if (!result.ok)
      return this.#to.log(
        'error',
        `the ${what} could not be loaded, the old stays in force: ${result.why}`,
      );
    if (first) return;
    const fields = { digest: result.digest };
    const which = result.digest === undefined ? '' : ` ${result.digest.slice(0, 12)}`;
    this.#to.log('info', `the ${what}${which} is in force`, { fields });
  }

  #operated(event: KillEvent): void {
    const { action, agent, by } = event;
    this.#keep(killRecord(event), 'done');
    const what = action === 'kill' ? 'killed' : 'no longer killed';
    this.#to.log('warn', `${agent} is ${what}, says ${by}`, { fields: { agent, by } });
  }

  /** What was refused is bounded by the caller, as refused calls are. */
  #tokenAnswered(answer: TokenAnswer): void {
    const record = tokenRecord(answer);
    if (record.decision === 'allow') this.#keep(record, 'done');
    else this.#keep(record, 'refused', record.spiffeId);
    this.#to.metrics.token(record);
  }

  #entryOf(call: Readonly<Call>, record: CallRecord): RecentEntry {
    const { decision } = call;
    return {
      record,
      endedAt: this.#to.now(),
      rule: ruleOf(call)?.at,
      agent: call.agent?.at,
      missingScopes: decision?.allowed === false ? decision.missingScopes : [],
    };
  }

  #keep(record: object, weight: Weight, caller?: string): void {
    this.#to.audit?.add(harmlessJson(JSON.stringify(record)), weight, caller);
  }

  /** A line for whoever looks, unless there are more of them than anybody can read. */
  #show(entry: RecentEntry): void {
    const { output } = this.#to;
    if (!output.terminal || !this.#lines.take()) return;
    const withheld = this.#lines.withheld();
    if (withheld > 0) output.write(`… ${withheld} more lines not shown\n`);
    output.write(`${renderEntry(entry, output)}\n`);
  }

  #complain(cause: unknown): void {
    try {
      this.#to.log('error', 'an event could not be recorded', { cause });
    } catch {
      // Nothing is left to tell it to.
    }
  }
}
