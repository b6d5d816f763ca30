import { describe, expect, it } from "vitest";
import { parseCollector, parseStatsdAddress } from "../../lib/config/collector.ts";
import { load, problemsOf } from "./folder.ts";

describe("the address of a statsd server", () => {
  it.each([
    ["localhost:8125", { host: "localhost", port: 8125 }],
    ["10.0.0.1:9125", { host: "10.0.0.1", port: 9125 }],
    ["[::1]:8125", { host: "::1", port: 8125 }],
    ["statsd", { host: "statsd", port: 8125 }],
  ])("%s", (text, address) => {
    expect(parseStatsdAddress(text)).toEqual(address);
  });

  it.each([
    "unix:///var/run/datadog/dsd.socket",
    "localhost:99999",
    "a b",
    ":8125",
    "host/path",
    "user@host",
  ])("cannot be %s", (text) => {
    expect(() => parseStatsdAddress(text)).toThrow(/cannot be used/);
  });
});

describe("the address of an OpenTelemetry collector", () => {
  it.each([
    ["grpc://localhost:4317", true, { protocol: "grpc", url: "http://localhost:4317" }],
    ["grpc://otel.example:4317", false, { protocol: "grpc", url: "https://otel.example:4317" }],
    ["http://localhost:4318", false, { protocol: "http", url: "http://localhost:4318" }],
    ["https://otel.example/otlp/", false, { protocol: "http", url: "https://otel.example/otlp" }],
    ["https://otel.example", true, { protocol: "http", url: "http://otel.example" }],
  ])("%s, insecure %s", (text, insecure, address) => {
    expect(parseCollector(text, insecure)).toEqual(address);
  });

  it.each([
    "localhost:4317",
    "udp://localhost:1",
    "grpc://",
    "grpc://host/path",
    "https://u:p@host",
    "https://h/?a=b",
  ])("cannot be %s", (text) => {
    expect(() => parseCollector(text, false)).toThrow();
  });
});

describe("a backend for metrics", () => {
  it.each([
    [
      '[metrics]\nbackend = "opentelemetry"',
      "opentelemetry.addr: is missing: metrics.backend is opentelemetry",
    ],
    [
      '[metrics]\nbackend = "otel"\n[opentelemetry]\naddr = "localhost:4317"',
      'opentelemetry.addr: "localhost:4317" cannot be used',
    ],
    ['[statsd]\naddr = "unix:///s"', 'statsd.addr: "unix:///s" cannot be used: statsd is sent over UDP'],
    ['[datadog]\nendpoint = "http://api.datadoghq.com"', "datadog.endpoint: "],
  ])("must have an address that can be used: %j", async (text, problem) => {
    expect(await problemsOf(load(text))).toEqual([expect.stringContaining(`voucher.toml: ${problem}`)]);
  });

  it.each([
    ['[metrics]\nbackend = "statsd"', "statsd.addr: is not set, so no metrics are sent"],
    [
      '[statsd]\naddr = "localhost:8125"\nsample_rate = 0',
      "statsd.sample_rate: is 0, so no metrics are sent",
    ],
  ])("that sends nothing earns a warning, as with Voucher it started: %j", async (text, warning) => {
    expect((await load(text)).warnings).toEqual([expect.stringContaining(warning)]);
  });

  it("is statsd where nothing but its address is set", async () => {
    const { config, warnings } = await load('[statsd]\naddr = "localhost:8125"');
    expect(warnings).toEqual([]);
    expect(config.metrics.backend).toBe("statsd");
  });

  it("whose settings cannot be used is no problem where another one is chosen", async () => {
    const text = '[metrics]\nbackend = "datadog"\n[statsd]\naddr = "unix:///s"\n[opentelemetry]\naddr = "x"';
    expect((await load(text)).config.metrics.backend).toBe("datadog");
  });
});
