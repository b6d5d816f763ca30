import { randomUUID } from "node:crypto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import type { Backend } from "./backend.ts";
import { createInstruments } from "./otel-instruments.ts";
import { createSpans } from "./otel-spans.ts";
import type { OtlpAddress } from "./otlp.ts";

export interface OpenTelemetryOptions {
  readonly address: OtlpAddress;
  /** How often measurements are sent where nothing happens that sends them anyway, in seconds. */
  readonly intervalSeconds: number;
  /** `name:value`; they become attributes of the resource. */
  readonly tags: readonly string[];
  /** For one request, in milliseconds. */
  readonly timeout: number;
}

/** Measurements and spans for an OpenTelemetry collector. The library for the one protocol that is asked for is loaded here. */
export async function createOpenTelemetry(options: OpenTelemetryOptions): Promise<Backend> {
  const { address, intervalSeconds, tags, timeout } = options;
  const { exportersTo } = await (address.protocol === "grpc"
    ? import("./otlp-grpc.ts")
    : import("./otlp-http.ts"));
  const exporters = exportersTo(address.url, timeout);
  const resource = resourceFromAttributes({
    ...Object.fromEntries(tags.map(toAttribute)),
    "service.name": "voucher",
    // Counts of two instances are two counts.
    "service.instance.id": randomUUID(),
  });
  const instruments = createInstruments(exporters.metrics, { resource, intervalSeconds, timeout });
  const spans = createSpans(exporters.spans, { resource, timeout });
  return {
    count: instruments.count,
    time: instruments.time,
    open: spans.open,
    async flush() {
      await Promise.all([instruments.flush(), spans.flush()]);
    },
    async close() {
      await Promise.all([instruments.close(), spans.close()]);
    },
  };
}

function toAttribute(tag: string): readonly [string, string] {
  const [name = "", ...value] = tag.split(":");
  return [name, value.join(":")];
}
