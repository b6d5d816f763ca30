import { type Attributes, type Counter, type Histogram, ValueType } from "@opentelemetry/api";
import type { Resource } from "@opentelemetry/resources";
import {
  MeterProvider,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
} from "@opentelemetry/sdk-metrics";
import type { About, Counted, Timed } from "../ports.ts";
import { SNAKE } from "./names.ts";

/** Counters and histograms, and the way to send them. */
export interface Instruments {
  count(what: Counted, about: About): void;
  time(what: Timed, milliseconds: number, about: About): void;
  /** Rejects where they could not be sent. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

export interface InstrumentOptions {
  readonly resource: Resource;
  readonly intervalSeconds: number;
  readonly timeout: number;
}

/** A review may take minutes, and what it reuses a few milliseconds. */
const BOUNDARIES_MS = [
  1, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 120_000, 240_000,
];

export function createInstruments(exporter: PushMetricExporter, options: InstrumentOptions): Instruments {
  const { resource, intervalSeconds, timeout } = options;
  const exportIntervalMillis = intervalSeconds * 1000;
  const watched = watch(exporter);
  const reader = new PeriodicExportingMetricReader({
    exporter: watched.exporter,
    exportIntervalMillis,
    exportTimeoutMillis: Math.min(timeout, exportIntervalMillis),
  });
  const provider = new MeterProvider({ resource, readers: [reader] });
  const meter = provider.getMeter("voucher");
  const counters = new Map<Counted, Counter>();
  const histograms = new Map<Timed, Histogram>();
  return {
    count(what, about) {
      const counter = counters.get(what) ?? meter.createCounter(SNAKE[what], { valueType: ValueType.INT });
      counters.set(what, counter);
      counter.add(1, attributesOf(about));
    },
    time(what, milliseconds, about) {
      const advice = { explicitBucketBoundaries: BOUNDARIES_MS };
      const histogram = histograms.get(what) ?? meter.createHistogram(SNAKE[what], { unit: "ms", advice });
      histograms.set(what, histogram);
      histogram.record(milliseconds, attributesOf(about));
    },
    async flush() {
      await provider.forceFlush();
      const fault = watched.fault();
      if (fault !== undefined) throw fault;
    },
    close: () => provider.shutdown(),
  };
}

function attributesOf({ check, awaiting }: About): Attributes {
  return {
    ...(check === undefined ? {} : { check_name: check }),
    ...(awaiting === undefined ? {} : { awaiting }),
  };
}

/** The reader keeps to itself what an exporter says of a failure; `fault` returns it once. */
function watch(exporter: PushMetricExporter) {
  let last: Error | undefined;
  const { selectAggregation, selectAggregationTemporality } = exporter;
  const watched: PushMetricExporter = {
    ...(selectAggregation && { selectAggregation: selectAggregation.bind(exporter) }),
    ...(selectAggregationTemporality && {
      selectAggregationTemporality: selectAggregationTemporality.bind(exporter),
    }),
    forceFlush: () => exporter.forceFlush(),
    shutdown: () => exporter.shutdown(),
    export(metrics, done) {
      exporter.export(metrics, (result) => {
        last = result.error;
        done(result);
      });
    },
  };
  return {
    exporter: watched,
    fault() {
      const fault = last;
      last = undefined;
      return fault;
    },
  };
}
