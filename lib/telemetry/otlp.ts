import type { PushMetricExporter } from "@opentelemetry/sdk-metrics";
import type { SpanExporter } from "@opentelemetry/sdk-trace";

/** Where a collector is, and how it is spoken to. */
export interface OtlpAddress {
  readonly protocol: "grpc" | "http";
  /** `http://` or `https://`, without a slash at its end; for `http`, the address below which `/v1/traces` is. */
  readonly url: string;
}

/** What sends to a collector. */
export interface Exporters {
  readonly metrics: PushMetricExporter;
  readonly spans: SpanExporter;
}
