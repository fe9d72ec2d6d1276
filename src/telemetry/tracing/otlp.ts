import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { ATTR_SERVICE_INSTANCE_ID, ATTR_SERVICE_NAME } from '@opentelemetry/semantic-conventions';
import type { CallSpan } from './call-span.ts';
import { spanOf } from './span.ts';

/** What a collector is sent, and how its answer reads. This module is loaded only where spans are made. */
export interface Encoding {
  encode(calls: readonly CallSpan[]): Uint8Array;
  /** How many spans the collector says it did not take. */
  refused(answer: Uint8Array): number;
}

/** OTLP in protobuf, which every collector takes. `instance` tells processes of one service apart. */
export function otlp(service: string, instance: string): Encoding {
  const resource = resourceFromAttributes({
    [ATTR_SERVICE_NAME]: service,
    [ATTR_SERVICE_INSTANCE_ID]: instance,
  });
  return {
    encode: (calls) => {
      const spans = calls.map((call) => spanOf(call, resource));
      const bytes = ProtobufTraceSerializer.serializeRequest(spans);
      if (bytes === undefined) throw new TypeError('the spans could not be encoded');
      return bytes;
    },
    refused: refusedIn,
  };
}

/** Bytes that are no answer of a collector refuse nothing. */
function refusedIn(answer: Uint8Array): number {
  try {
    const { partialSuccess } = ProtobufTraceSerializer.deserializeResponse(answer);
    return Math.max(0, partialSuccess?.rejectedSpans ?? 0);
  } catch {
    return 0;
  }
}
