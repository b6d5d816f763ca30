import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { createApp } from "../lib/app.ts";
import { loadConfig } from "../lib/config/load.ts";
import { type LocalRequest, listen } from "../lib/local/server.ts";
import { recordingObserver } from "./support/fake-ports.ts";

/** Datadog's API on loopback, and the requests that it got. */
async function startDatadog() {
  const requests: LocalRequest[] = [];
  const accepted = { status: 202 };
  const server = await listen({
    kindOf: ({ path }) => path,
    answer(request) {
      requests.push(request);
      return accepted;
    },
    refuse: () => accepted,
  });
  onTestFinished(() => server.close());
  return { url: server.url, requests };
}

/** The application with metrics for Datadog and these secrets. */
async function appWith(secrets: object, endpoint: string) {
  const folder = await mkdtemp(join(tmpdir(), "voucher-observing-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, "secrets.json"), JSON.stringify(secrets));
  const file = join(folder, "voucher.json");
  const settings = {
    metrics: { backend: "datadog" },
    datadog: { endpoint },
    secrets: { file: "secrets.json" },
  };
  await writeFile(file, JSON.stringify(settings));
  const { config } = await loadConfig({ file, env: {}, cwd: folder, home: "" });
  const log = recordingObserver();
  const app = await createApp(config, { observer: log, env: {} });
  onTestFinished(() => app.close());
  return { app, log };
}

const WHOLE = { name: "check", kind: "command" } as const;

describe("metrics for Datadog", () => {
  it("are sent with the keys of the secrets, before what they are about is over", async () => {
    const datadog = await startDatadog();
    const { app } = await appWith({ datadog: { api_key: "api", app_key: "app" } }, datadog.url);
    await app.observer.follow(WHOLE, async () => app.observer.count("check.run.success", { check: "diy" }));
    expect(datadog.requests.map(({ path }) => path)).toEqual(["/api/v1/series"]);
    expect(datadog.requests[0]?.headers).toMatchObject({ "dd-api-key": "api", "dd-application-key": "app" });
  });

  it("are not sent without keys: a warning says so, and the work is done all the same", async () => {
    const datadog = await startDatadog();
    const { app, log } = await appWith({}, datadog.url);
    await expect(app.observer.follow(WHOLE, async () => "done")).resolves.toBe("done");
    expect(datadog.requests).toEqual([]);
    expect(log.entries).toMatchObject([
      { severity: "WARNING", message: "telemetry cannot be set up", fields: { error: { code: "config" } } },
    ]);
  });
});
