import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";

/** Follows one thing with the configuration that is its argument, and prints which of the backends' modules were loaded for it. */
const PROGRAM = `
  import { registerHooks } from "node:module";
  const loaded = new Set();
  registerHooks({
    resolve(specifier, context, next) {
      const found = next(specifier, context);
      loaded.add(found.url);
      return found;
    },
  });
  const { createApp } = await import("./lib/app.ts");
  const { toConfig } = await import("./lib/config/settings.ts");
  const config = toConfig(JSON.parse(process.argv[1]), process.cwd(), {});
  const app = await createApp(config, { observer: { record: () => {} }, env: {} });
  await app.observer.follow({ name: "x", kind: "command" }, async () => app.observer.count("message.received"));
  await app.close();
  const heavy = /node_modules\\/(@opentelemetry\\/[^/]+|@grpc\\/[^/]+|hot-shots|undici)|lib\\/telemetry\\/(statsd|datadog|opentelemetry|otlp-[a-z]+)/;
  console.log(JSON.stringify([...new Set([...loaded].flatMap((url) => heavy.exec(url)?.slice(1, 3) ?? []))].filter(Boolean)));
`;

async function loadedBy(config: object): Promise<readonly string[]> {
  const args = ["--input-type=module", "-e", PROGRAM, JSON.stringify(config)];
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    cwd: fileURLToPath(new URL("../..", import.meta.url)),
    timeout: 20_000,
  });
  return JSON.parse(stdout);
}

it("nothing of any backend is loaded where none is configured", async () => {
  expect(await loadedBy({})).toEqual([]);
  expect(await loadedBy({ metrics: { backend: "statsd" } })).toEqual([]);
});

it("of the backends only the one that is configured is loaded, and of OpenTelemetry only the protocol", async () => {
  const statsd = await loadedBy({ statsd: { addr: "127.0.0.1:9" } });
  expect(statsd.toSorted()).toEqual(["hot-shots", "statsd"]);
  const http = await loadedBy({
    metrics: { backend: "opentelemetry" },
    opentelemetry: { addr: "http://127.0.0.1:9" },
  });
  expect(http).toEqual(expect.arrayContaining(["opentelemetry", "otlp-http", "@opentelemetry/sdk-trace"]));
  expect(http.filter((name) => /grpc|hot-shots|datadog/.test(name))).toEqual([]);
});
