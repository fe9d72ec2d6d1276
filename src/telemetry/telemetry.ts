import type { Emit, Sample } from '../call/index.ts';
import { systemClock, type Clock } from '../lib/index.ts';
import type { AuditSettings } from './audit-settings.ts';
import { AuditTrail, type Reopened } from './audit-trail.ts';
import { createLog, type Output } from './log.ts';
import { Metrics } from './metrics.ts';
import { EventReader } from './reader.ts';
import { Recent } from './recent.ts';
import type { CurrentSeal } from './seal.ts';
import { sampleNone, startTracer, type TracingSettings } from './tracing/index.ts';

export interface TelemetryOptions {
  /** The standard error of the process. */
  readonly output: Output;
  readonly audit?: AuditSettings | undefined;
  /** What the heads of the audit are signed with; without it there are none. */
  readonly seal?: CurrentSeal;
  readonly tracing?: TracingSettings | undefined;
  readonly now?: Clock;
}

/** The only reader of events, and what the operator may ask it. */
export interface Telemetry {
  readonly emit: Emit;
  /** Whether the span of a call is recorded. */
  readonly sample: Sample;
  readonly recent: Recent;
  readonly metricsContentType: string;
  metrics(): Promise<string>;
  /** False while a call could not be recorded and must therefore not be carried out: AUDIT_FULL. */
  mayRecord(): boolean;
  /** False while a call could not be recorded, whether or not calls go on without. */
  isRecording(): boolean;
  /** Opens the audit file anew, because the old one was moved; undefined without an audit. */
  reopen(): Reopened | undefined;
  /** Resolves when the audit so far is in its file, or could not be written. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

const RECENT = { cap: 1000, age: 60 * 60 * 1000 };

/** @throws OperatorFault if the audit file cannot be opened */
export function createTelemetry(options: TelemetryOptions): Telemetry {
  const now = options.now ?? systemClock;
  const log = createLog(options.output, now);
  const metrics = new Metrics();
  const dropped = (count: number): void => metrics.spansDropped(count);
  const tracer = options.tracing && startTracer(options.tracing, { now, log, dropped });
  const audit =
    options.audit &&
    new AuditTrail({
      settings: options.audit,
      log,
      dropped: () => metrics.auditDropped(),
      now,
      seal: options.seal ?? (() => undefined),
    });
  const recent = new Recent(RECENT, now);
  const reader = new EventReader({
    log,
    metrics,
    audit,
    tracer,
    recent,
    now,
    output: options.output,
  });
  return {
    emit: (event) => reader.read(event),
    sample: tracer?.sample ?? sampleNone,
    recent,
    metricsContentType: metrics.contentType,
    metrics: () => metrics.render(),
    isRecording: () => audit?.full !== true,
    mayRecord: () => options.audit?.onFull !== 'refuse' || audit?.full === false,
    reopen: () => audit?.reopen(),
    flush: async () => audit?.flush(),
    close: async () => {
      await Promise.all([audit?.close(), tracer?.close()]);
    },
  };
}
