import { parseCollector, parseStatsdAddress } from "../config/collector.ts";
import type { Config } from "../config/config.ts";
import { VoucherError } from "../errors.ts";
import type { Log } from "../ports.ts";
import type { Backend } from "../telemetry/backend.ts";
import { type ClosableObserver, createObserver } from "../telemetry/observer.ts";
import type { Means } from "./means.ts";

/** What a backend may need besides its settings. */
type BackendMeans = Pick<Means, "secrets" | "proxies">;

/** Loads and connects a backend; nothing of it is loaded before. */
type Open = () => Promise<Backend>;

/** For one request to a backend, in milliseconds; an event waits no longer for it either. */
const TIMEOUT_MS = 1_000;

/** The observer that the configuration describes. Throws `config` for an address that cannot be used. */
export function observerOf(config: Config, log: Log, means: BackendMeans): ClosableObserver {
  return createObserver({ log, open: backendOf(config, means) });
}

function backendOf(config: Config, means: BackendMeans): Open | undefined {
  const { backend } = config.metrics;
  if (backend === "statsd") return statsd(config);
  if (backend === "datadog") return datadog(config, means);
  return backend === "opentelemetry" ? openTelemetry(config) : undefined;
}

function statsd({ metrics: { tags }, statsd: { addr, sampleRate } }: Config): Open | undefined {
  if (addr === undefined || sampleRate === 0) return undefined;
  const address = parseStatsdAddress(addr);
  return async () => {
    const { createStatsd } = await import("../telemetry/statsd.ts");
    return createStatsd({ ...address, sampleRate, tags });
  };
}

function datadog(
  { metrics: { tags }, datadog: { endpoint } }: Config,
  { secrets, proxies }: BackendMeans,
): Open {
  return async () => {
    const keys = (await secrets()).datadog;
    if (keys === undefined) {
      throw new VoucherError("config", "datadog.api_key and datadog.app_key are missing from the secrets");
    }
    const [apiKey, appKey] = await Promise.all([keys.apiKey.reveal(), keys.appKey.reveal()]);
    const { createDatadog } = await import("../telemetry/datadog.ts");
    return createDatadog({ endpoint, apiKey, appKey, tags, timeout: TIMEOUT_MS, proxies });
  };
}

function openTelemetry({ metrics: { tags }, opentelemetry }: Config): Open {
  const { addr = "", insecure, intervalSeconds } = opentelemetry;
  const address = parseCollector(addr, insecure);
  return async () => {
    const { createOpenTelemetry } = await import("../telemetry/opentelemetry.ts");
    return createOpenTelemetry({ address, intervalSeconds, tags, timeout: TIMEOUT_MS });
  };
}
