import type { Emit } from '../call/index.ts';
import { systemClock, type Clock } from '../lib/index.ts';
import { openAudit } from './audit-file.ts';
import { AuditQueue, type AuditSettings } from './audit.ts';
import { createLog, type Log, type Output } from './log.ts';
import { Metrics } from './metrics.ts';
import { EventReader } from './reader.ts';
import { Recent } from './recent.ts';

export interface TelemetryOptions {
  /** The standard error of the process. */
  readonly output: Output;
  readonly audit?: AuditSettings | undefined;
  readonly now?: Clock;
}

/** The only reader of events, and what the operator may ask it. */
export interface Telemetry {
  readonly emit: Emit;
  readonly recent: Recent;
  readonly metricsContentType: string;
  metrics(): Promise<string>;
  /** False while a call could not be recorded and must therefore not be carried out: AUDIT_FULL. */
  mayRecord(): boolean;
  /** Resolves when the audit so far is in its file, or could not be written. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

const MIB = 1024 * 1024;
const AUDIT_BOUNDS = { queued: 4 * MIB, most: 16 * MIB, retry: 1000 };
const RECENT = { cap: 1000, age: 60 * 60 * 1000 };

/** @throws OperatorFault if the audit file cannot be opened */
export function createTelemetry(options: TelemetryOptions): Telemetry {
  const now = options.now ?? systemClock;
  const log = createLog(options.output, now);
  const metrics = new Metrics();
  const audit = options.audit === undefined ? undefined : startAudit(options.audit, metrics, log);
  const recent = new Recent(RECENT, now);
  const reader = new EventReader({ log, metrics, audit, recent, now, output: options.output });
  return {
    emit: (event) => reader.read(event),
    recent,
    metricsContentType: metrics.contentType,
    metrics: () => metrics.render(),
    mayRecord: () => options.audit?.onFull !== 'refuse' || audit?.full === false,
    flush: async () => audit?.flush(),
    close: async () => audit?.close(),
  };
}

function startAudit(settings: AuditSettings, metrics: Metrics, log: Log): AuditQueue {
  const consequence =
    settings.onFull === 'refuse' ? 'new calls are refused until it can' : 'its lines will be lost';
  return new AuditQueue(
    openAudit(settings.file),
    {
      dropped: () => metrics.auditDropped(),
      broke: (cause) =>
        log('error', `the audit ${settings.file} cannot be written, ${consequence}`, { cause }),
      mended: () => log('info', `the audit ${settings.file} is written again`),
    },
    AUDIT_BOUNDS,
  );
}
