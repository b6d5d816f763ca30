import protobuf from "protobufjs";

/** As much of OpenTelemetry's protocol as tests look at, with the field numbers of its published definitions. */
const PROTOCOL = protobuf.parse(`
  syntax = "proto3";
  message TraceRequest { repeated ResourceSpans resource_spans = 1; }
  message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
  message ScopeSpans { repeated Span spans = 2; }
  message Span {
    bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; bytes parent_span_id = 4; string name = 5;
    int32 kind = 6; fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8;
    repeated KeyValue attributes = 9; Status status = 15;
  }
  message Status { string message = 2; int32 code = 3; }
  message MetricsRequest { repeated ResourceMetrics resource_metrics = 1; }
  message ResourceMetrics { Resource resource = 1; repeated ScopeMetrics scope_metrics = 2; }
  message ScopeMetrics { repeated Metric metrics = 2; }
  message Metric { string name = 1; string unit = 3; Sum sum = 7; Histogram histogram = 9; }
  message Sum { repeated NumberPoint data_points = 1; int32 aggregation_temporality = 2; bool is_monotonic = 3; }
  message NumberPoint { double as_double = 4; sfixed64 as_int = 6; repeated KeyValue attributes = 7; }
  message Histogram { repeated HistogramPoint data_points = 1; int32 aggregation_temporality = 2; }
  message HistogramPoint { fixed64 count = 4; double sum = 5; repeated KeyValue attributes = 9; }
  message Resource { repeated KeyValue attributes = 1; }
  message KeyValue { string key = 1; AnyValue value = 2; }
  message AnyValue { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; } }
`).root;

type Attributes = { readonly [name: string]: string | number | boolean };

export interface ReceivedSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  /** Empty where it has none. */
  readonly parentId: string;
  /** 1 internal, 2 server, 5 consumer. */
  readonly kind: number;
  readonly milliseconds: number;
  readonly attributes: Attributes;
  readonly resource: Attributes;
  /** 0 unset, 2 error. */
  readonly status: number;
}

export interface ReceivedPoint {
  readonly name: string;
  readonly unit: string;
  /** Of a counter its sum so far, of a histogram how many there were. */
  readonly count: number;
  /** Of a histogram. */
  readonly sum?: number;
  readonly attributes: Attributes;
  readonly resource: Attributes;
}

interface KeyValue {
  readonly key: string;
  readonly value: { readonly [kind: string]: string | number | boolean };
}
interface Resource {
  readonly attributes: readonly KeyValue[];
}
interface Point {
  readonly attributes: readonly KeyValue[];
  readonly asInt: number;
  readonly count: number;
  readonly sum: number;
}

/** The spans in an export request. */
export function spansIn(request: Uint8Array): readonly ReceivedSpan[] {
  interface Span {
    readonly name: string;
    readonly traceId: string;
    readonly spanId: string;
    readonly parentSpanId: string;
    readonly kind: number;
    readonly startTimeUnixNano: number;
    readonly endTimeUnixNano: number;
    readonly attributes: readonly KeyValue[];
    readonly status: { readonly code: number } | null;
  }
  interface Request {
    readonly resourceSpans: readonly {
      readonly resource: Resource;
      readonly scopeSpans: readonly { readonly spans: readonly Span[] }[];
    }[];
  }
  const { resourceSpans } = decode<Request>("TraceRequest", request);
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map(({ startTimeUnixNano, endTimeUnixNano, ...span }) => ({
        name: span.name,
        traceId: hex(span.traceId),
        spanId: hex(span.spanId),
        parentId: hex(span.parentSpanId),
        kind: span.kind,
        milliseconds: (endTimeUnixNano - startTimeUnixNano) / 1e6,
        attributes: toObject(span.attributes),
        resource: toObject(resource.attributes),
        status: span.status?.code ?? 0,
      })),
    ),
  );
}

/** The points in an export request. */
export function pointsIn(request: Uint8Array): readonly ReceivedPoint[] {
  interface Metric {
    readonly name: string;
    readonly unit: string;
    readonly sum: { readonly dataPoints: readonly Point[] } | null;
    readonly histogram: { readonly dataPoints: readonly Point[] } | null;
  }
  interface Request {
    readonly resourceMetrics: readonly {
      readonly resource: Resource;
      readonly scopeMetrics: readonly { readonly metrics: readonly Metric[] }[];
    }[];
  }
  const { resourceMetrics } = decode<Request>("MetricsRequest", request);
  return resourceMetrics.flatMap(({ resource, scopeMetrics }) =>
    scopeMetrics.flatMap(({ metrics }) =>
      metrics.flatMap(({ name, unit, sum, histogram }) => {
        const of = { name, unit, resource: toObject(resource.attributes) };
        const counts = (sum?.dataPoints ?? []).map((point) => ({ ...of, ...counted(point) }));
        const times = (histogram?.dataPoints ?? []).map((point) => ({ ...of, ...timed(point) }));
        return [...counts, ...times];
      }),
    ),
  );
}

function counted({ attributes, asInt }: Point) {
  return { attributes: toObject(attributes), count: asInt };
}

function timed({ attributes, count, sum }: Point) {
  return { attributes: toObject(attributes), count, sum };
}

function decode<T>(type: string, bytes: Uint8Array): T {
  const Message = PROTOCOL.lookupType(type);
  return Message.toObject(Message.decode(bytes), {
    longs: Number,
    bytes: String,
    defaults: true,
    oneofs: false,
  }) as T;
}

function hex(base64: string): string {
  return Buffer.from(base64, "base64").toString("hex");
}

function toObject(pairs: readonly KeyValue[]): Attributes {
  return Object.fromEntries(pairs.map(({ key, value }) => [key, Object.values(value)[0] ?? ""]));
}
