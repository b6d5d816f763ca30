import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-grpc";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-grpc";
import type { Exporters } from "./otlp.ts";

/** OTLP over gRPC; in the clear where the address begins with `http:`. */
export function exportersTo(url: string, timeoutMillis: number): Exporters {
  return {
    metrics: new OTLPMetricExporter({ url, timeoutMillis }),
    spans: new OTLPTraceExporter({ url, timeoutMillis }),
  };
}
