import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-proto";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import type { Exporters } from "./otlp.ts";

/** OTLP over HTTP, in protobuf: every collector reads that. */
export function exportersTo(url: string, timeoutMillis: number): Exporters {
  return {
    metrics: new OTLPMetricExporter({ url: `${url}/v1/metrics`, timeoutMillis }),
    spans: new OTLPTraceExporter({ url: `${url}/v1/traces`, timeoutMillis }),
  };
}
