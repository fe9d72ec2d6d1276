import {
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  type HrTime,
  type SpanContext,
  type SpanStatus,
} from '@opentelemetry/api';
import { TraceState } from '@opentelemetry/core';
import type { Resource } from '@opentelemetry/resources';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { FAILURES } from '../../call/index.ts';
import type { CallRecord } from '../record.ts';
import { attributesOf, knownMethod, routePath } from './attributes.ts';
import type { CallSpan } from './call-span.ts';

const SCOPE = { name: 'sidegate' };

/**
 * The span of a finished call. It is written down, not traced: its ID went to the agent long ago, and everything in it
 * is known, so no tracer with a context of its own is needed.
 */
export function spanOf(call: CallSpan, resource: Resource): ReadableSpan {
  const { record, trace } = call;
  const start = Date.parse(record.time);
  const duration = record.durationMs ?? 0;
  const context = contextOf(call, trace.spanId);
  const failure = failureOf(record);
  return {
    name: `${knownMethod(record.method) ?? 'HTTP'} ${routePath(record) ?? ''}`.trimEnd(),
    kind: SpanKind.SERVER,
    spanContext: () => context,
    ...(trace.parentId === undefined
      ? {}
      : { parentSpanContext: { ...contextOf(call, trace.parentId), isRemote: true } }),
    startTime: hrTime(start),
    endTime: hrTime(start + duration),
    duration: hrTime(duration),
    status: statusOf(failure),
    attributes: attributesOf(call, failure),
    links: [],
    events: [],
    ended: true,
    resource,
    instrumentationScope: SCOPE,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

function contextOf({ trace }: CallSpan, spanId: string): SpanContext {
  const { traceId, state } = trace;
  const context = { traceId, spanId, traceFlags: TraceFlags.SAMPLED };
  return state === undefined ? context : { ...context, traceState: new TraceState(state) };
}

/** What went wrong at ours or behind us. A denial is no error: the gate did its work. */
function failureOf({ code, status = 0 }: CallRecord): string | undefined {
  if (code !== 'OK' && FAILURES[code].blame !== 'caller') return code;
  return status >= 500 ? String(status) : undefined;
}

function statusOf(failure: string | undefined): SpanStatus {
  if (failure === undefined) return { code: SpanStatusCode.UNSET };
  return { code: SpanStatusCode.ERROR, message: failure };
}

function hrTime(milliseconds: number): HrTime {
  const seconds = Math.floor(milliseconds / 1000);
  return [seconds, Math.floor((milliseconds - seconds * 1000) * 1e6)];
}
