import { randomHex, type TraceContext } from '../call/index.ts';

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const MAX_TRACESTATE = 512;

/**
 * Continues the caller's trace with a span of our own, or begins one. A `traceparent` that breaks the W3C form is
 * treated as absent, and then so is its `tracestate` (Trace Context 3.2, 3.3).
 */
export function traceOf(parent: string | undefined, state: string | undefined): TraceContext {
  const spanId = randomHex(8);
  const match = parent === undefined ? null : TRACEPARENT.exec(parent);
  if (match === null || !isUsable(match))
    return { traceId: randomHex(16), spanId, sampled: false, state: undefined };
  const kept = state !== undefined && state.length <= MAX_TRACESTATE ? state : undefined;
  return {
    traceId: match[2] ?? '',
    spanId,
    sampled: (Number.parseInt(match[4] ?? '0', 16) & 1) === 1,
    state: kept,
  };
}

/** The `traceparent` of our own span. */
export function traceparent(trace: TraceContext): string {
  return `00-${trace.traceId}-${trace.spanId}-${trace.sampled ? '01' : '00'}`;
}

function isUsable(match: RegExpExecArray): boolean {
  const [, version, traceId = '', spanId = '', , rest] = match;
  if (version === 'ff' || (version === '00' && rest !== undefined)) return false;
  return !/^0+$/.test(traceId) && !/^0+$/.test(spanId);
}
