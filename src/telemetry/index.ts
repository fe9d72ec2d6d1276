export { auditShape, type AuditSettings } from './audit.ts';
export type { Output } from './log.ts';
export { printable } from './printable.ts';
export type { Lookup, Recent, RecentEntry } from './recent.ts';
export type { CallRecord, ConnectionRecord } from './record.ts';
export { createTelemetry, type Telemetry, type TelemetryOptions } from './telemetry.ts';
export { renderEntry, shortId } from './terminal.ts';
