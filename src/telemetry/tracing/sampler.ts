import type { Sample } from '../../call/index.ts';
import type { Clock } from '../../lib/index.ts';
import { Allowance } from '../allowance.ts';
import type { TracingSettings } from './section.ts';

/** Of the 56 bits at the end of a trace ID that are random (Trace Context 2, 3.2.2.3.2), the 52 that a number holds. */
const RANDOM_PART = { from: 18, to: 31, values: 2 ** 52 };

/**
 * Decides by the trace ID alone, so that all who sample by it at one rate record the same traces (OpenTelemetry's
 * consistent probability sampling). A caller can choose a trace ID that is always sampled: so of traces that callers
 * began, only so many a second are recorded.
 */
export function createSampler(
  { sample, callerTraces }: Pick<TracingSettings, 'sample' | 'callerTraces'>,
  now: Clock,
): Sample {
  const threshold = (1 - sample) * RANDOM_PART.values;
  const allowance = new Allowance(callerTraces, now);
  return (traceId, continued) => {
    const random = Number.parseInt(traceId.slice(RANDOM_PART.from, RANDOM_PART.to), 16);
    return random >= threshold && (!continued || allowance.take());
  };
}

/** Of a sidecar that makes no spans. */
export const sampleNone: Sample = () => false;
