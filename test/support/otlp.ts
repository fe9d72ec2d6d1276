import protobuf from 'protobufjs';

/** The messages of OTLP that a trace collector reads: names, numbers and types of opentelemetry-proto 1. */
const SCHEMA = `syntax = "proto3";
message Request { repeated ResourceSpans resource_spans = 1; }
message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
message Resource { repeated KeyValue attributes = 1; }
message ScopeSpans { Scope scope = 1; repeated Span spans = 2; }
message Scope { string name = 1; string version = 2; }
message Span {
  bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; bytes parent_span_id = 4;
  string name = 5; int32 kind = 6; fixed64 start = 7; fixed64 end = 8;
  repeated KeyValue attributes = 9; Status status = 15; fixed32 flags = 16;
}
message Status { string message = 2; int32 code = 3; }
message KeyValue { string key = 1; Value value = 2; }
message Value {
  oneof value { string text = 1; bool flag = 2; int64 whole = 3; double number = 4; }
}
message Response { Partial partial_success = 1; }
message Partial { int64 rejected_spans = 1; string error_message = 2; }
`;
const { root } = protobuf.parse(SCHEMA);

/** A span as the collector reads it. Times are nanoseconds since the epoch. */
export interface SeenSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly traceState: string;
  readonly name: string;
  readonly kind: number;
  readonly start: bigint;
  readonly end: bigint;
  readonly flags: number;
  readonly status: { readonly code: number; readonly message: string };
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly resource: Readonly<Record<string, unknown>>;
  readonly scope: string;
}

/** What a collector answers that did not want so many spans. */
export function partialSuccess(rejected: number): Buffer {
  const message = { partialSuccess: { rejectedSpans: rejected, errorMessage: 'too many' } };
  return Buffer.from(root.lookupType('Response').encode(message).finish());
}

interface KeyValue {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

type DecodedSpan = Pick<SeenSpan, 'traceState' | 'name' | 'kind' | 'flags' | 'status'> &
  Readonly<Record<'traceId' | 'spanId' | 'parentSpanId' | 'start' | 'end', string>> & {
    readonly attributes: readonly KeyValue[];
  };

interface Decoded {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly KeyValue[] };
    readonly scopeSpans: readonly {
      readonly scope: { readonly name: string };
      readonly spans: readonly DecodedSpan[];
    }[];
  }[];
}

/** @throws if it is no such message */
export function decode(body: Uint8Array): SeenSpan[] {
  const type = root.lookupType('Request');
  const options = { bytes: String, longs: String, defaults: true, arrays: true, oneofs: true };
  const request = type.toObject(type.decode(body), options) as Decoded;
  return request.resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ scope, spans }) =>
      spans.map((span) => ({
        ...span,
        traceId: hex(span.traceId),
        spanId: hex(span.spanId),
        parentSpanId: hex(span.parentSpanId),
        start: BigInt(span.start),
        end: BigInt(span.end),
        attributes: plain(span.attributes),
        resource: plain(resource.attributes),
        scope: scope.name,
      })),
    ),
  );
}

function hex(base64: string): string {
  return Buffer.from(base64, 'base64').toString('hex');
}

function plain(attributes: readonly KeyValue[]): Record<string, unknown> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => {
      const kind = String(value.value);
      return [key, kind === 'whole' ? Number(value[kind]) : value[kind]];
    }),
  );
}
