import { asVoucherError } from "../errors.ts";
import { parseCollector, parseStatsdAddress } from "./collector.ts";
import type { Found, Rule } from "./rule.ts";
import { metricsBackendOf } from "./settings.ts";

/** That the backend for metrics has an address. */
export const METRICS_RULES: readonly Rule[] = [
  {
    reads: ["metrics", "statsd"],
    find: (file) => {
      const addr = file.statsd?.addr;
      if (metricsBackendOf(file) !== "statsd" || addr === undefined) return [];
      return problemOf("statsd.addr", () => parseStatsdAddress(addr));
    },
  },
  {
    reads: ["metrics", "opentelemetry"],
    find: (file) => {
      if (metricsBackendOf(file) !== "opentelemetry") return [];
      const { addr, insecure = false } = file.opentelemetry ?? {};
      const key = "opentelemetry.addr";
      const missing = "is missing: metrics.backend is opentelemetry; write one, as in grpc://localhost:4317";
      return addr === undefined
        ? [{ key, message: missing }]
        : problemOf(key, () => parseCollector(addr, insecure));
    },
  },
];

/** With these, Voucher starts and sends nothing, and so do we. */
export const METRICS_WARNINGS: readonly Rule[] = [
  {
    reads: ["metrics", "statsd"],
    find: (file) => {
      if (metricsBackendOf(file) !== "statsd") return [];
      const { addr, sample_rate } = file.statsd ?? {};
      if (addr === undefined) return [{ key: "statsd.addr", message: "is not set, so no metrics are sent" }];
      return sample_rate === 0
        ? [{ key: "statsd.sample_rate", message: "is 0, so no metrics are sent" }]
        : [];
    },
  },
];

function problemOf(key: string, read: () => unknown): readonly Found[] {
  try {
    read();
    return [];
  } catch (fault) {
    return [{ key, message: asVoucherError(fault).message }];
  }
}
