import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { createApp } from "../lib/app.ts";
import { loadConfig } from "../lib/config/load.ts";
import { pushSample } from "../lib/local/push.ts";
import { demoImage, sampleImage } from "../lib/local/samples.ts";
import { type LocalRequest, listen } from "../lib/local/server.ts";
import { openApiStage } from "./support/api-stage.ts";
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

describe("events that are handled at the same time", () => {
  it("are each told its own requests, though they queue for the same registry", async () => {
    const stage = await openApiStage();
    onTestFinished(() => stage.close());
    const { url, host } = stage.stack.registry;
    const pushed = (sample: ReturnType<typeof demoImage>, repository: string) =>
      pushSample(sample, { url, repository, tag: "v1" });
    const index = await pushed(demoImage(), "team/index");
    const single = await pushed(sampleImage({ platform: "linux/amd64", user: "app" }), "team/single");
    const file = await stage.configure({ limits: { requests_per_instance: 1 } });
    const { config } = await loadConfig({ file, env: {}, cwd: stage.folder, home: "" });
    const log = recordingObserver();
    const app = await createApp(config, { observer: log, env: {} });
    const deliver = (image: string) => {
      const data = Buffer.from(JSON.stringify({ action: "INSERT", digest: image })).toString("base64");
      const body = Buffer.from(JSON.stringify({ message: { data, messageId: image } }));
      return app.deliver({ headers: {}, body });
    };

    await Promise.all([deliver(`${host}/team/index@${index}`), deliver(`${host}/team/single@${single}`)]);

    const asked = new Map(log.entries.map(({ fields }) => [fields["messageId"], fields["requests"]]));
    expect(asked.get(`${host}/team/index@${index}`)).toMatchObject({ registry: 13 });
    expect(asked.get(`${host}/team/single@${single}`)).toMatchObject({ registry: 2 });
  });
});
