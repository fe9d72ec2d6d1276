import { randomHex, type Sample, type TraceContext } from '../call/index.ts';
import { readTracestate } from './tracestate.ts';

/** Lower-case hexadecimal; what a later version appends, it appends behind a dash (Trace Context 2, 4.1). */
const TRACEPARENT =
  /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/s;
const SAMPLED = 0b01;
const RANDOM = 0b10;

/** What the caller sent; several lines of one name are joined by a comma. */
export interface SentTrace {
  readonly traceparent: string | undefined;
  readonly tracestate: string | undefined;
}

/**
 * Continues the caller's trace, or begins one. A `traceparent` that breaks the W3C form, or that stands there twice, is
 * treated as absent, and then so is its `tracestate` (3.2, 3.3): it says nothing of what may be done, so nobody is
 * refused for it.
 */
export function traceOf(sent: SentTrace, sample: Sample): TraceContext {
  const spanId = randomHex(8);
  const parent = readParent(sent.traceparent);
  if (parent === undefined) {
    const traceId = randomHex(16);
    const recorded = sample(traceId, false);
    const begun = { parentId: undefined, random: true, state: undefined };
    return { traceId, spanId, recorded, sampled: recorded, ...begun };
  }
  const recorded = parent.sampled && sample(parent.traceId, true);
  return { ...parent, spanId, recorded, state: readTracestate(sent.tracestate) };
}

/**
 * What the agent gets. Our own span is its parent only if it is recorded; else the caller's is, with the caller's flag,
 * so that no span hangs below one that nobody has.
 */
export function traceparent(trace: TraceContext): string {
  const parent = trace.recorded ? trace.spanId : (trace.parentId ?? trace.spanId);
  const flags = (trace.sampled ? SAMPLED : 0) | (trace.random ? RANDOM : 0);
  return `00-${trace.traceId}-${parent}-0${flags}`;
}

type Parent = Pick<TraceContext, 'traceId' | 'sampled' | 'random'> & { readonly parentId: string };

function readParent(text: string | undefined): Parent | undefined {
  const match = text === undefined ? null : TRACEPARENT.exec(text);
  if (match === null) return undefined;
  const [, version, traceId = '', parentId = '', hex = '', rest] = match;
  if (version === '00' && rest !== undefined) return undefined;
  const flags = Number.parseInt(hex, 16);
  // Of a version that we do not know, the sampled flag is all that is sure.
  const random = version === '00' && (flags & RANDOM) !== 0;
  return { traceId, parentId, sampled: (flags & SAMPLED) !== 0, random };
}
