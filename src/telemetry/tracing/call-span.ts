import type { TraceContext } from '../../call/index.ts';
import type { CallRecord } from '../record.ts';

/** What is kept of a call until its span is made: what the audit has of it, its place in the trace, its `Host`. */
export interface CallSpan {
  readonly record: CallRecord;
  readonly trace: TraceContext;
  readonly host: string;
}
