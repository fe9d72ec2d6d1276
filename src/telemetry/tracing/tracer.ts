import { randomUUID } from 'node:crypto';
import type { Call, Sample } from '../../call/index.ts';
import type { Clock } from '../../lib/index.ts';
import type { Log } from '../log.ts';
import type { CallRecord } from '../record.ts';
import type { CallSpan } from './call-span.ts';
import { collectorAt, readHeaders, type CollectorAnswer } from './collector.ts';
import type { Encoding } from './otlp.ts';
import { SpanQueue, type Deliver, type Delivery, type QueueNotes } from './queue.ts';
import { createSampler } from './sampler.ts';
import type { TracingSettings } from './section.ts';

/** Makes spans of recorded calls and sends them away. */
export interface Tracer {
  readonly sample: Sample;
  ended(call: Readonly<Call>, record: CallRecord): void;
  /** At most two seconds. */
  close(): Promise<void>;
}

export interface TracerOptions {
  readonly now: Clock;
  readonly log: Log;
  readonly dropped: (count: number) => void;
}

const BOUNDS = {
  waiting: 2048,
  batch: 512,
  gather: 1000,
  retry: 5000,
  send: 10_000,
  close: 2000,
};
/** What OTLP has clients try again; whatever else is no success will not become one. */
const BUSY: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** @throws OperatorFault if the headers cannot be read */
export function startTracer(settings: TracingSettings, options: TracerOptions): Tracer {
  const queue = new SpanQueue(delivery(settings), notesOf(settings, options), BOUNDS);
  return {
    sample: createSampler(settings, options.now),
    ended: ({ request }, record) => {
      if (request?.trace.recorded !== true) return;
      queue.add({ record, trace: request.trace, host: request.host });
    },
    close: () => queue.close(),
  };
}

function delivery(settings: TracingSettings): Deliver<CallSpan> {
  const { endpoint, service, headers } = settings;
  const post = collectorAt(endpoint, headers === undefined ? [] : readHeaders(headers));
  const instance = randomUUID();
  // Now, before there are calls that would wait while it is loaded.
  const loaded = import('./otlp.ts').then(({ otlp }) => otlp(service, instance));
  loaded.catch(() => undefined);
  return async (batch, signal) => {
    const encoding = await loaded;
    const body = encoding.encode(batch);
    const answer = await post(body, signal).catch(reasonOf);
    return typeof answer === 'string' ? { kind: 'later', why: answer } : judge(answer, encoding);
  };
}

function judge({ status, bytes }: CollectorAnswer, encoding: Encoding): Delivery {
  if (status >= 200 && status < 300) return { kind: 'taken', refused: encoding.refused(bytes) };
  return { kind: BUSY.has(status) ? 'later' : 'never', why: `it answered ${status}` };
}

/** The code of the fault beneath, for `fetch` wraps them all in the same words. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(cause instanceof Error)) return 'it could not be reached';
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message;
}

function notesOf({ endpoint }: TracingSettings, { log, dropped }: TracerOptions): QueueNotes {
  const { origin, pathname } = new URL(endpoint);
  const collector = `the trace collector ${origin}${pathname}`;
  return {
    dropped,
    broke: (why) =>
      log('warn', `${collector} takes no spans (${why}); they wait while there is room`),
    mended: () => log('info', `${collector} takes spans again`),
    left: (count) => log('warn', `${collector} did not get the last ${count} spans`),
  };
}
